// Package noresume is an example of a minimal tranship.Store: it keeps files in memory,
// does not resume uploads, and cannot move or copy files. It uses no internal package, and
// passes the suite of package storetest with the features that it declares to lack.
//
// It is a starting point for a store of your own: replace the map with a storage engine, and
// then implement one missing feature after the other. Package store/mem has all features
// and is the reference.
package noresume

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"time"

	"github.com/tranship/tranship"
)

// Store holds files in memory. The zero value is empty and ready to use. It is safe for
// concurrent use.
type Store struct {
	mu    sync.Mutex
	files map[string]stored
}

// stored is a file. A change replaces it.
type stored struct {
	file tranship.File
	data []byte
}

// describe returns a description of the file that shares no memory with it.
func (s stored) describe() tranship.File { return tranship.Attributes{}.Apply(s.file) }

var _ tranship.Store = (*Store)(nil)

// findLocked returns the file at a path. All stores return exactly this message for a file
// that does not exist.
func (s *Store) findLocked(ctx context.Context, path string) (stored, error) {
	if err := tranship.ValidatePath(path); err != nil {
		return stored{}, err
	}
	if err := ctx.Err(); err != nil {
		return stored{}, err
	}
	found, ok := s.files[path]
	if !ok {
		return stored{}, fmt.Errorf("%w: %s", tranship.ErrNotFound, path)
	}
	return found, nil
}

// Stat implements tranship.Reader.
func (s *Store) Stat(ctx context.Context, path string) (tranship.File, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, err := s.findLocked(ctx, path)
	if err != nil {
		return tranship.File{}, err
	}
	return found.describe(), nil
}

// Put implements tranship.Writer.
func (s *Store) Put(ctx context.Context, spec tranship.Spec, data []byte) (tranship.File, error) {
	if err := spec.Validate(); err != nil {
		return tranship.File{}, err
	}
	if len(data) > tranship.MaxPutBytes {
		return tranship.File{}, fmt.Errorf("%w: a put takes at most %d bytes, not %d", tranship.ErrLimit, tranship.MaxPutBytes, len(data))
	}
	if spec.Size != nil && *spec.Size != int64(len(data)) {
		return tranship.File{}, &tranship.InvalidError{Field: "size", Rule: "the size of a put must be that of its data"}
	}
	return s.storeFile(ctx, spec, append([]byte(nil), data...), tranship.CRC32C(data))
}

// storeFile stores a file if its checksum and precondition hold. It keeps data.
func (s *Store) storeFile(ctx context.Context, spec tranship.Spec, data []byte, crc uint32) (tranship.File, error) {
	if spec.CRC32C != nil && *spec.CRC32C != crc {
		return tranship.File{}, fmt.Errorf("%w: %s has CRC32C %08x, not %08x", tranship.ErrIntegrity, spec.Path, crc, *spec.CRC32C)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return tranship.File{}, err
	}
	if err := s.allowLocked(spec); err != nil {
		return tranship.File{}, err
	}
	made := stored{data: data, file: spec.Attributes.Apply(tranship.File{
		Path: spec.Path, Size: int64(len(data)), ModTime: time.Now().Round(0), Mode: tranship.DefaultMode,
		Version: rand.Text(), CRC32C: &crc,
	})}
	if s.files == nil {
		s.files = make(map[string]stored)
	}
	s.files[spec.Path] = made
	return made.describe(), nil
}

// allowLocked returns an error if a file must not be made, because its precondition does
// not hold or a file is above or below it.
func (s *Store) allowLocked(spec tranship.Spec) error {
	if err := s.checkLocked(spec.Path, spec.Precondition); err != nil {
		return err
	}
	for path := range s.files {
		if strings.HasPrefix(path, spec.Path+"/") || strings.HasPrefix(spec.Path, path+"/") {
			return fmt.Errorf("%w: the file %s is in the way of %s", tranship.ErrExists, path, spec.Path)
		}
	}
	return nil
}

// checkLocked returns an error if a precondition does not hold. It does not support
// revisions.
func (s *Store) checkLocked(path string, precondition tranship.Precondition) error {
	found, exists := s.files[path]
	want := precondition.MustMatchVersion
	switch {
	case precondition.MustMatchRevision != "":
		return fmt.Errorf("%w: this store cannot compare revisions", tranship.ErrUnsupported)
	case precondition.MustNotExist && exists:
		return fmt.Errorf("%w: %s", tranship.ErrExists, path)
	case want != "" && found.file.Version != want:
		return fmt.Errorf("%w: %s does not have version %s", tranship.ErrPrecondition, path, want)
	}
	return nil
}

// SetAttributes implements tranship.Editor.
func (s *Store) SetAttributes(ctx context.Context, path string, attributes tranship.Attributes, precondition tranship.Precondition) (tranship.File, error) {
	if err := errors.Join(attributes.Validate(), precondition.Validate()); err != nil {
		return tranship.File{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found, err := s.findLocked(ctx, path)
	if err == nil {
		err = s.checkLocked(path, precondition)
	}
	if err != nil {
		return tranship.File{}, err
	}
	found.file = attributes.Apply(found.file)
	s.files[path] = found
	return found.describe(), nil
}

// Remove implements tranship.Editor.
func (s *Store) Remove(ctx context.Context, path string, precondition tranship.Precondition) error {
	if err := precondition.Validate(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.findLocked(ctx, path)
	if err == nil {
		err = s.checkLocked(path, precondition)
	}
	if err == nil {
		delete(s.files, path)
	}
	return err
}

// Move implements tranship.Editor.
func (s *Store) Move(_ context.Context, source, destination string, _ tranship.Precondition) (tranship.File, error) {
	return unsupported(source, destination, "move")
}

// Copy implements tranship.Editor.
func (s *Store) Copy(_ context.Context, source, destination string, _ tranship.Precondition) (tranship.File, error) {
	return unsupported(source, destination, "copy")
}

// unsupported returns the error of Move and Copy.
func unsupported(source, destination, action string) (tranship.File, error) {
	for _, path := range []string{source, destination} {
		if err := tranship.ValidatePath(path); err != nil {
			return tranship.File{}, err
		}
	}
	return tranship.File{}, fmt.Errorf("%w: this store cannot %s files", tranship.ErrUnsupported, action)
}

// ListUploads implements tranship.Uploads. No upload can be resumed, so it yields none.
func (s *Store) ListUploads(context.Context, string) iter.Seq2[tranship.UploadInfo, error] {
	return func(func(tranship.UploadInfo, error) bool) {}
}

// AbortUpload implements tranship.Uploads.
func (s *Store) AbortUpload(_ context.Context, id string) error {
	return tranship.UploadNotFound(id)
}
