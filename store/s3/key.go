package s3

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/tranship/tranship"
)

// maxKeyBytes is the maximum length of a key, which S3 defines.
const maxKeyBytes = 1024

// keys maps paths to keys of objects.
type keys struct {
	// prefix is "" or ends in '/'.
	prefix string
}

func newKeys(prefix string) keys {
	if prefix != "" {
		prefix += "/"
	}
	return keys{prefix}
}

// file returns the key of the file at a path.
func (k keys) file(path string) string { return k.prefix + path }

// path returns the path of the file with a key; false if the key is not below the prefix, or
// is one of the store's own.
func (k keys) path(key string) (string, bool) {
	path, ok := strings.CutPrefix(key, k.prefix)
	return path, ok && !strings.HasPrefix(path, tranship.ReservedSegment+"/")
}

// check returns a *tranship.LimitError if the key of a path is too long.
func (k keys) check(path string) error {
	if n := len(k.prefix) + len(path); n > maxKeyBytes {
		return &tranship.LimitError{
			Limit: tranship.LimitFileSystem, Allowed: int64(maxKeyBytes - len(k.prefix)), Asked: int64(len(path)),
			Rule: fmt.Sprintf("a path has at most %d bytes in this store, not %d, because S3 limits the length of keys", maxKeyBytes-len(k.prefix), len(path)),
		}
	}
	return nil
}

// sessions is what the keys of all sessions begin with, and attributes those of the records.
func (k keys) sessions() string   { return k.prefix + tranship.ReservedSegment + "/uploads/" }
func (k keys) attributes() string { return k.prefix + tranship.ReservedSegment + "/attributes/" }

// probes is what the keys of probes of the engine begin with.
func (k keys) probes() string { return k.prefix + tranship.ReservedSegment + "/probe/" }

// changes is what the keys of all leases begin with.
func (k keys) changes() string { return k.prefix + tranship.ReservedSegment + "/changes/" }

// state returns the key of the object of a value of the server's state, or what the keys of such
// objects begin with. It has '.' in place of '/', which sorts alike: engines that keep objects
// in directories could not have both "a/b" and "a/b/c".
func (k keys) state(key string) string {
	return k.prefix + tranship.ReservedSegment + "/state/" + strings.ReplaceAll(key, "/", ".")
}

// stateKey returns the key of the value that has an object; false if none has it.
func (k keys) stateKey(object string) (string, bool) {
	name, ok := strings.CutPrefix(object, k.state(""))
	key := strings.ReplaceAll(name, ".", "/")
	return key, ok && tranship.ValidateStateKey(key) == nil && k.state(key) == object
}

// tails is what the keys of all tails begin with.
func (k keys) tails() string { return k.prefix + tranship.ReservedSegment + "/tails/" }

func (k keys) tail(name string) string    { return k.tails() + name }
func (k keys) session(hash string) string { return k.sessions() + hash }
func (k keys) record(id string) string    { return k.attributes() + id }

// hashBytes is the length of what sessionHash returns.
const hashBytes = 26

// sessionHash returns the name of the session of a resumable upload. Two specs have the same
// name if Begin with one resumes an upload of the other.
func sessionHash(spec tranship.Spec) string {
	var b []byte
	for _, text := range []string{spec.Path, spec.ResumeKey, spec.Owner} {
		b = append(binary.AppendUvarint(b, uint64(len(text))), text...)
	}
	b = binary.AppendVarint(b, *spec.Size)
	sum := sha256.Sum256(b)
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:])[:hashBytes]
}
