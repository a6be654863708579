package s3

import (
	"io/fs"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tranship/tranship"
)

// The metadata of an object that is a file.
const (
	// versionKey is the version of the file. An ETag is none: it is the same for equal
	// content, and changes when the engine copies the object onto itself.
	versionKey = "tranship-version"
	// attributesKey has the attributes, as encode makes them.
	attributesKey = "tranship-attributes"
	// recordKey names the record that has the attributes instead, if there is one: they did
	// not fit into the metadata, or were not known when the upload began.
	recordKey = "tranship-record"
)

// maxEmbedded is how long the attributes may be in the metadata of an object, in bytes. S3
// allows 2,048 bytes with the names.
const maxEmbedded = 1600

// The keys of encoded attributes. Those of the user's metadata begin with metadataPrefix.
const (
	timeKey        = "time"
	modeKey        = "mode"
	checksumKey    = "crc32c"
	accountKey     = "account"
	metadataPrefix = "metadata."
)

// encode returns the attributes of a file, its CRC32C, if known, and the account that it counts
// for, if there is one, as ASCII text.
func encode(file tranship.File, account *string) string {
	values := url.Values{}
	values.Set(timeKey, strconv.FormatInt(file.ModTime.Unix(), 10)+"."+strconv.Itoa(file.ModTime.Nanosecond()))
	values.Set(modeKey, strconv.FormatUint(uint64(file.Mode.Perm()), 8))
	if file.CRC32C != nil {
		values.Set(checksumKey, strconv.FormatUint(uint64(*file.CRC32C), 16))
	}
	if account != nil {
		values.Set(accountKey, *account)
	}
	for key, value := range file.Metadata {
		values.Set(metadataPrefix+key, value)
	}
	return values.Encode()
}

// decode sets the attributes and the account of an object to those in a text, and reports whether
// the text was one that encode makes.
func (o *object) decode(text string) bool {
	file := &o.file
	values, err := url.ParseQuery(text)
	if err != nil {
		return false
	}
	seconds, nanoseconds, ok := strings.Cut(values.Get(timeKey), ".")
	if !ok {
		return false
	}
	unix, err1 := strconv.ParseInt(seconds, 10, 64)
	nano, err2 := strconv.ParseInt(nanoseconds, 10, 32)
	mode, err3 := strconv.ParseUint(values.Get(modeKey), 8, 32)
	if err1 != nil || err2 != nil || err3 != nil {
		return false
	}
	made := tranship.Attributes{ModTime: new(time.Unix(unix, nano).UTC()), Mode: new(fs.FileMode(mode)), Metadata: map[string]string{}}
	for key, all := range values {
		if name, ok := strings.CutPrefix(key, metadataPrefix); ok {
			made.Metadata[name] = all[0]
		}
	}
	if nano < 0 || nano >= int64(time.Second) || made.Validate() != nil {
		return false
	}
	crc := file.CRC32C
	if text := values.Get(checksumKey); text != "" {
		sum, err := strconv.ParseUint(text, 16, 32)
		if err != nil {
			return false
		}
		crc = new(uint32(sum))
	}
	*file = made.Apply(*file)
	file.CRC32C = crc
	if values.Has(accountKey) {
		o.account = new(values.Get(accountKey))
	}
	return true
}
