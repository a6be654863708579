// Package encrypt is an example of a decorator: a tranship.Store that encrypts the content
// of its files before another store keeps them. It uses no internal package, and passes the
// suite of package storetest with the features that it declares to lack.
//
// The content is cut into records, each of which is encrypted with AES-256-GCM and a random
// nonce. A record is bound to its file, to its position in the file and, if the size was
// known when the upload began, to the size of the file. If the inner store changes, swaps,
// repeats or omits records, reading fails with tranship.ErrIntegrity.
//
// The package has these limits:
//
//   - Paths, sizes, times, modes and metadata are not encrypted.
//   - The inner store can return an older version of a file, or one file in place of
//     another: records are not bound to the path, so that files can be moved and copied.
//   - The inner store can truncate a file after a record, if the size was not known when
//     the upload began.
//   - Uploads cannot be resumed, and parts cannot be copied from other files. Both would
//     need records that are not bound to a file, or a checksum of the plain bytes in the
//     inner store.
//   - tranship.File.CRC32C is not known: a checksum would reveal something of the content.
//   - One key can encrypt at most 2^32 records, which is 64 TiB. To change the key of a
//     file, upload the file again.
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

// KeyBytes is the length of a key in bytes.
const KeyBytes = 32

// New returns a store that keeps its files in inner, encrypted with key. All files of inner
// must have been written with the same key. New returns a *tranship.InvalidError if the key
// does not have KeyBytes bytes. The parts of an upload to inner must have a multiple of
// 16 KiB; otherwise Begin fails with tranship.ErrUnsupported. The store is safe for
// concurrent use.
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

// Passes implements tranship.Wrapper. It hides the abilities that read or write content,
// which would return encrypted bytes or store plain ones.
func (s *store) Passes(ability any) bool {
	switch ability.(type) {
	case *tranship.WidthHinter, *tranship.TreeRemover:
		return true
	}
	return false
}

// plain converts the description of a file of the inner store to that of its plain content.
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

// List implements tranship.Reader. It leaves out files that are not encrypted.
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

// Put implements tranship.Writer. Content that is too large for a Put of the inner store
// after encryption is uploaded to it instead.
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
			_ = upload.Abort(context.WithoutCancel(ctx)) // err is the error to report
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

// ListUploads implements tranship.Uploads. No upload can be resumed, so it yields none.
func (s *store) ListUploads(context.Context, string) iter.Seq2[tranship.UploadInfo, error] {
	return func(func(tranship.UploadInfo, error) bool) {}
}

// AbortUpload implements tranship.Uploads.
func (s *store) AbortUpload(_ context.Context, id string) error {
	return tranship.UploadNotFound(id)
}

func wrongChecksum(got, want uint32) error {
	return fmt.Errorf("%w: the bytes have CRC32C %08x, not %08x", tranship.ErrIntegrity, got, want)
}

func (s *store) newSealer(size *int64) *sealer {
	sealer := &sealer{aead: s.aead, size: size}
	_, _ = rand.Read(sealer.id[:]) // never fails
	return sealer
}
