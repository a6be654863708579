package transfer

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
)

// ResumeKey is the tranship.Spec.ResumeKey of a source on this machine: the SHA-256,
// in hexadecimal, of what tells this machine from others and of the source's
// absolute path. It says nothing of the content, so that a file which was changed
// is resumed, too, and only what differs sent again.
func ResumeKey(absolutePath string) string { return resumeKey("path", absolutePath) }

// versionKey is the key of a source that has versions. Another version is another
// source, so that parts need no proof.
func versionKey(base, path, version string) string {
	return resumeKey("version", base, path, version)
}

func resumeKey(words ...string) string {
	hash := sha256.New()
	for _, word := range append([]string{machine()}, words...) {
		// No path or version has a NUL: different words never run together.
		hash.Write(append([]byte(word), 0))
	}
	return hex.EncodeToString(hash.Sum(nil))
}

// machine tells this machine from others.
func machine() string {
	id, err := os.ReadFile("/etc/machine-id")
	if id = bytes.TrimSpace(id); err == nil && len(id) > 0 {
		return string(id)
	}
	// Without a name, copies from two nameless machines to one path of one store
	// would end each other, and still never mix: parts are proved.
	name, _ := os.Hostname()
	return name
}

// absolute is implemented by a Source or tranship.Writer that is on this machine.
type absolute interface {
	// Absolute is the path of a file independent of the working directory; ""
	// when it is not known.
	Absolute(path string) string
}
