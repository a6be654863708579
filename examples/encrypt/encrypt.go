// Package encrypt is an example of a decorator: a tranship.Store that keeps the content
// of its files encrypted in another one, which then learns no byte of it. It imports only
// what every program may import, and passes the suite of package storetest with the lacks
// that it declares.
//
// Content is cut into records, each encrypted with AES-256-GCM and a random nonce. A
// record is bound to its file, to its place in the file and, if the size of the upload was
// known when it began, to the size of the file: a store that changes, swaps, repeats or
// leaves out records is noticed with tranship.ErrIntegrity.
//
// What it does not do:
//
//   - Paths, sizes, times, modes and metadata are not encrypted.
//   - The store may return an older version of a file, or one file for another: records
//     are not bound to the path, so that files can be moved and copied.
//   - The store may cut off a file whose size was not known when its upload began, behind
//     a record.
//   - Uploads cannot be resumed, and parts cannot be copied from other files. Both would
//     need a checksum of the plain bytes that the inner store keeps, or records that are
//     not bound to a file.
//   - tranship.File.CRC32C is unknown: a checksum of the content would tell of it.
//   - One key encrypts at most 2^32 records, which is 64 TiB. There is no way to change
//     the key of a file but to upload it again.
package encrypt

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"iter"

	"github.com/tranship/tranship"
)

// KeyBytes is the length of a key.
const KeyBytes = 32

// New returns a store that encrypts what it keeps in inner. All files of inner must have
// been written with the same key. The error is a *tranship.InvalidError if the key has not
// KeyBytes bytes. An upload needs an inner store whose parts are a multiple of 16 KiB, or
// fails with tranship.ErrUnsupported. The store is safe for concurrent use.
func New(inner tranship.Store, key []byte) (tranship.Store, error) {
	if len(key) != KeyBytes {
		return nil, &tranship.InvalidError{Field: "key", Rule: "a key must have 32 bytes"}
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	return &store{inner, aead}, nil
}

type store struct {
	inner tranship.Store
	aead  cipher.AEAD
}

var _ tranship.Wrapper = (*store)(nil)

// Unwrap implements tranship.Wrapper.
func (s *store) Unwrap() any { return s.inner }

// Passes implements tranship.Wrapper. Whatever reads or writes content past the store
// would get encrypted bytes, or leave plain ones behind.
func (s *store) Passes(ability any) bool {
	switch ability.(type) {
	case *tranship.WidthHinter, *tranship.TreeRemover:
		return true
	}
	return false
}

// plain describes a file of the inner store as its plain content is.
func plain(file tranship.File, err error) (tranship.File, error) {
	if err != nil {
		return tranship.File{}, err
	}
	file.CRC32C = nil
	file.Size, err = plainSize(file.Size)
	if err != nil {
		return tranship.File{}, fmt.Errorf("%s: %w", file.Path, err)
	}
	return file, nil
}

// Stat implements tranship.Reader.
func (s *store) Stat(ctx context.Context, path string) (tranship.File, error) {
	return plain(s.inner.Stat(ctx, path))
}

// List implements tranship.Reader. A file that is not an encrypted one is left out.
func (s *store) List(ctx context.Context, options tranship.ListOptions) iter.Seq2[tranship.Entry, error] {
	return func(yield func(tranship.Entry, error) bool) {
		for entry, err := range s.inner.List(ctx, options) {
			if err == nil && !entry.IsDir {
				path := entry.Path
				if entry.File, err = plain(entry.File, nil); err != nil {
					entry, err = tranship.Entry{}, &tranship.SkippedError{Path: path, Err: errors.Unwrap(err)}
					if !options.ReportSkipped {
						yield(entry, errors.Unwrap(err))
						return
					}
				}
			}
			if !yield(entry, err) {
				return
			}
		}
	}
}

// Put implements tranship.Writer. What is too large for a Put of the inner store, once it
// is encrypted, is uploaded there.
func (s *store) Put(ctx context.Context, spec tranship.Spec, data []byte) (tranship.File, error) {
	if err := spec.Validate(); err != nil {
		return tranship.File{}, err
	}
	size := int64(len(data))
	if size > tranship.MaxPutBytes {
		return tranship.File{}, fmt.Errorf("%w: a put takes at most %d bytes, not %d", tranship.ErrLimit, tranship.MaxPutBytes, size)
	}
	if spec.Size != nil && *spec.Size != size {
		return tranship.File{}, &tranship.InvalidError{Field: "size", Rule: "the size of a put must be that of its data"}
	}
	if crc := tranship.CRC32C(data); spec.CRC32C != nil && *spec.CRC32C != crc {
		return tranship.File{}, wrongChecksum(crc, *spec.CRC32C)
	}
	spec.Size, spec.CRC32C = &size, nil // the inner store has other bytes
	if sealedSize(size) > tranship.MaxPutBytes {
		return s.putLarge(ctx, spec, data)
	}
	sealed := s.newSealer(&size).all(data)
	spec.Size, spec.ResumeKey = new(int64(len(sealed))), ""
	return plain(s.inner.Put(ctx, spec, sealed))
}

func (s *store) putLarge(ctx context.Context, spec tranship.Spec, data []byte) (file tranship.File, err error) {
	upload, err := s.Begin(ctx, spec)
	if err != nil {
		return tranship.File{}, err
	}
	defer func() {
		if err != nil {
			_ = upload.Abort(context.WithoutCancel(ctx)) // the error is told already
		}
	}()
	rest := data
	for n := 0; len(rest) > 0; n++ {
		part := rest[:min(int64(len(rest)), upload.PartSize())]
		rest = rest[len(part):]
		writer, err := upload.Part(ctx, n)
		if err != nil {
			return tranship.File{}, err
		}
		_, err = writer.Write(part)
		if err := errors.Join(err, writer.Close()); err != nil {
			return tranship.File{}, err
		}
	}
	return upload.Commit(ctx, tranship.Commit{Size: int64(len(data)), CRC32C: new(tranship.CRC32C(data))})
}

// SetAttributes implements tranship.Editor.
func (s *store) SetAttributes(ctx context.Context, path string, attributes tranship.Attributes, precondition tranship.Precondition) (tranship.File, error) {
	return plain(s.inner.SetAttributes(ctx, path, attributes, precondition))
}

// Remove implements tranship.Editor.
func (s *store) Remove(ctx context.Context, path string, precondition tranship.Precondition) error {
	return s.inner.Remove(ctx, path, precondition)
}

// Move implements tranship.Editor.
func (s *store) Move(ctx context.Context, source, destination string, precondition tranship.Precondition) (tranship.File, error) {
	return plain(s.inner.Move(ctx, source, destination, precondition))
}

// Copy implements tranship.Editor.
func (s *store) Copy(ctx context.Context, source, destination string, precondition tranship.Precondition) (tranship.File, error) {
	return plain(s.inner.Copy(ctx, source, destination, precondition))
}

// ListUploads implements tranship.Uploads. There are none that can be resumed.
func (s *store) ListUploads(context.Context, string) iter.Seq2[tranship.UploadInfo, error] {
	return func(func(tranship.UploadInfo, error) bool) {}
}

// AbortUpload implements tranship.Uploads.
func (s *store) AbortUpload(_ context.Context, id string) error {
	return fmt.Errorf("%w: there is no unfinished upload %s", tranship.ErrNotFound, id)
}

func wrongChecksum(got, want uint32) error {
	return fmt.Errorf("%w: the bytes have CRC32C %08x, not %08x", tranship.ErrIntegrity, got, want)
}

func (s *store) newSealer(size *int64) *sealer {
	sealer := &sealer{aead: s.aead, size: size}
	_, _ = rand.Read(sealer.id[:]) // never fails
	return sealer
}
