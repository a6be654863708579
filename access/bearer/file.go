package bearer

import (
	"context"
	"fmt"
	"sync"

	"github.com/tranship/tranship/internal/configfile"
)

// FileError says why a file has no token to use.
type FileError struct {
	// Name is the file's.
	Name string
	// Err is the reason, without the name.
	Err error
}

// Error implements error.
func (e *FileError) Error() string { return fmt.Sprintf("token file %s: %v", e.Name, e.Err) }

// Unwrap is the reason.
func (e *FileError) Unwrap() error { return e.Err }

// Exposure is what is unwise about the mode of a token file.
type Exposure int

const (
	// ExposureNone: other users of this machine cannot use it.
	ExposureNone Exposure = iota
	// ExposureReadable: all users of this machine can read it.
	ExposureReadable
	// ExposureWritable: other users of this machine can write to it.
	ExposureWritable
)

// File is a file with a token. Its method Token reads it at each call, so that a token
// that is replaced counts for what goes on. While the file cannot be read, or is half
// written, the last token that it had stays. A pipe is read once. A File is safe for
// concurrent use.
type File struct {
	name string
	file *configfile.File

	mu       sync.Mutex
	last     string
	exposure Exposure
}

// NewFile returns the file of a name. It does not look at it before Token does.
func NewFile(name string) *File {
	return &File{name: name, file: configfile.New(name, configfile.Options{Streams: true, MaxBytes: 2 * MaxTokenBytes})}
}

// Token returns the token, as client.Options.Token does. The error is a *FileError, and
// comes only while the file has never had a token. It does not quote the file.
func (f *File) Token(context.Context) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	token, err := f.readLocked()
	if err == nil {
		f.last = token
	}
	if f.last == "" {
		return "", &FileError{f.name, err}
	}
	return f.last, nil
}

// readLocked is the token that the file has now.
func (f *File) readLocked() (string, error) {
	content, info, err := f.file.Read()
	if err != nil {
		return "", configfile.Reason(err)
	}
	token, err := Parse(string(content))
	if err != nil {
		return "", err
	}
	switch {
	case configfile.Writable(info):
		f.exposure = ExposureWritable
	case configfile.Readable(info):
		f.exposure = ExposureReadable
	default:
		f.exposure = ExposureNone
	}
	return token, nil
}

// Exposure returns what was unwise about the file's mode when Token last read a token.
func (f *File) Exposure() Exposure {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.exposure
}
