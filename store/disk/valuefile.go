package disk

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"strings"
	"time"

	"github.com/tranship/tranship"
)

// A value of the StateStore is a file of a line for the format, a line for the version, a line
// for the time of expiry in milliseconds since 1970 or "never", the value itself, and the CRC32C
// of the key and of all this (4 bytes, big-endian).

const (
	// valueFormat is the first line of each file with a value.
	valueFormat = "tranship state 1\n"
	// valueStays is the line of a value without a time of expiry.
	valueStays = "never"
)

// maxValueFile is more than the length of any file with a value, in bytes.
const maxValueFile = tranship.MaxStateBytes + 256

// encodeValue returns the content of the file of an entry.
func encodeValue(entry tranship.StateEntry) []byte {
	data := []byte(valueFormat)
	data = append(data, entry.Version...)
	data = append(data, '\n')
	data = append(data, expiryLine(entry.Expires)...)
	data = append(data, '\n')
	data = append(data, entry.Value...)
	return binary.BigEndian.AppendUint32(data, valueChecksum(entry.Key, data))
}

func expiryLine(expires time.Time) string {
	if expires.IsZero() {
		return valueStays
	}
	return strconv.FormatInt(expires.UnixMilli(), 10)
}

// valueChecksum is the checksum of the file of a key. It covers the key, so that a file that was
// renamed by hand is no value of another key.
func valueChecksum(key string, data []byte) uint32 {
	return tranship.UpdateCRC32C(tranship.CRC32C([]byte(key)), data)
}

// decodeValue returns the entry of a key from the content of its file. It returns false if that
// is not what encodeValue returns for an entry of the key.
func decodeValue(key string, data []byte) (tranship.StateEntry, bool) {
	end := len(data) - 4
	if end < 0 || binary.BigEndian.Uint32(data[end:]) != valueChecksum(key, data[:end]) {
		return tranship.StateEntry{}, false
	}
	rest, ok := bytes.CutPrefix(data[:end], []byte(valueFormat))
	if !ok {
		return tranship.StateEntry{}, false
	}
	version, rest, ok := bytes.Cut(rest, []byte("\n"))
	if !ok || len(version) == 0 {
		return tranship.StateEntry{}, false
	}
	expires, value, ok := bytes.Cut(rest, []byte("\n"))
	if !ok || len(value) > tranship.MaxStateBytes {
		return tranship.StateEntry{}, false
	}
	entry := tranship.StateEntry{Key: key, Value: value, Version: string(version)}
	if at, err := strconv.ParseInt(string(expires), 10, 64); err == nil {
		entry.Expires = time.UnixMilli(at)
	}
	return entry, expiryLine(entry.Expires) == string(expires)
}

// The directory of a value has the name of the first segment of its key, and its file that of
// the other segments. Both begin with '=', because some systems reserve names such as "con".
const valueMark = "="

// valueNames returns the names of the directory and the file of a valid key.
func valueNames(key string) (directory, file string) {
	first, rest, _ := strings.Cut(key, "/")
	return valueMark + first, valueMark + strings.ReplaceAll(rest, "/", ".")
}

// valueKey is the reverse of valueNames. It returns false for names that belong to no key.
func valueKey(directory, file string) (string, bool) {
	first, isDirectory := strings.CutPrefix(directory, valueMark)
	rest, isFile := strings.CutPrefix(file, valueMark)
	key := first + "/" + strings.ReplaceAll(rest, ".", "/")
	if !isDirectory || !isFile || strings.Contains(rest, "/") || tranship.ValidateStateKey(key) != nil {
		return "", false
	}
	return key, strings.Count(first, "/") == 0
}
