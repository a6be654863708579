package bearer

import (
	"context"
	"fmt"
	"sync"

	"github.com/tranship/tranship/internal/configfile"
)

// FileError means that a token file has no token that can be used.
type FileError struct {
	// Name is the name of the file.
	Name string
	// Err is the reason. Its message does not repeat Name.
	Err error
}

// Error implements error.
func (e *FileError) Error() string { return fmt.Sprintf("token file %s: %v", e.Name, e.Err) }

// Unwrap returns Err.
func (e *FileError) Unwrap() error { return e.Err }

// Exposure is the access that the mode of a token file gives to other users.
type Exposure int

const (
	// ExposureNone means neither of the following.
	ExposureNone Exposure = iota
	// ExposureReadable means that all users of this machine can read the file.
	ExposureReadable
	// ExposureWritable means that other users of this machine can write to the file.
	ExposureWritable
)

// File is a file with a token. Each call of Token reads the file, so that a token that was
// replaced is used from the next call on. While the file cannot be read, or is half
// written, Token returns the last token that it had. A pipe is read only once. A File is
// safe for concurrent use.
type File struct {
	name string
	file *configfile.File

	mu       sync.Mutex
	last     string
	exposure Exposure
}

// NewFile returns the token file with a name. It does not open the file; Token does.
func NewFile(name string) *File {
	return &File{name: name, file: configfile.New(name, configfile.Options{Streams: true, MaxBytes: 2 * MaxTokenBytes})}
}

// Token returns the token, and can be used as client.Options.Token. It returns a
// *FileError if the file has no token and has not had one since NewFile. The error does
// not quote the content of the file.
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

// readLocked reads the token that the file has now, and updates exposure.
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

// Exposure returns the exposure of the file when Token last read a token from it.
func (f *File) Exposure() Exposure {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.exposure
}
