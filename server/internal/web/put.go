package web

import (
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/compat"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/internal/sequential"
	"github.com/tranship/tranship/server/internal/httpadmission"
	"github.com/tranship/tranship/server/internal/running"
)

// put stores the body of a request as a whole file. Its status tells that a file was replaced if
// the request demands that one is there. Otherwise the store does not tell, and to ask it before
// would be another call, whose answer may no longer hold when the body has come.
func (s *Service) put(e *httpadmission.Exchange, path string) error {
	start := time.Now()
	file, received, replaced, err := s.receive(e, path)
	s.log.Transfer(e.Context(), compat.Upload, path, received, start, err)
	if err != nil {
		return err
	}
	header := e.Header()
	header.Set("ETag", etag(file.Version))
	if file.CRC32C != nil {
		header.Set(digestHeader, crcDigest(*file.CRC32C))
	}
	if replaced {
		return e.WriteHeader(http.StatusNoContent)
	}
	return e.WriteHeader(http.StatusCreated)
}

// receive stores a body, of which it returns how many bytes have come, and whether it has replaced
// a file for certain.
func (s *Service) receive(e *httpadmission.Exchange, path string) (file tranship.File, received int64, replaced bool, err error) {
	spec, want, err := s.specOf(e, path)
	if err != nil {
		return tranship.File{}, 0, false, err
	}
	if spec.Size != nil && *spec.Size <= tranship.MaxPutBytes {
		file, received, err = s.receiveSmall(e, spec, want)
	} else {
		file, received, err = s.receiveLarge(e, spec, want)
	}
	if spec.Precondition.MustNotExist && errors.Is(err, tranship.ErrExists) {
		err = httpadmission.WithStatus(err, http.StatusPreconditionFailed)
	}
	return file, received, spec.Precondition.MustMatchVersion != "", err
}

// specOf returns what a request stores, before its body comes, and the digests that the body must
// have.
func (s *Service) specOf(e *httpadmission.Exchange, path string) (spec tranship.Spec, want digests, err error) {
	header := e.Request.Header
	if header.Get("Content-Range") != "" { // RFC 9110, section 14.5
		return spec, want, &tranship.InvalidError{Field: "Content-Range", Rule: "PUT stores a whole file"}
	}
	if encoding := header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return spec, want, httpadmission.WithStatus(
			&tranship.InvalidError{Field: "Content-Encoding", Rule: "a body is stored as it is, and must not be encoded"}, http.StatusUnsupportedMediaType)
	}
	spec = tranship.Spec{Path: path, Durability: s.options.Durability}
	if size := e.Request.ContentLength; size >= 0 {
		spec.Size = &size
	}
	condition, err := changeCondition(header)
	if err != nil {
		return spec, want, err
	}
	spec.Precondition = condition.Precondition
	if err := want.add(header, false); err != nil {
		return spec, want, err
	}
	spec.CRC32C = want.crc
	if err := spec.Validate(); err != nil {
		return spec, want, err
	}
	if condition.mustExist {
		spec.Precondition.MustMatchVersion, err = s.currentVersion(e, path)
	}
	return spec, want, err
}

// currentVersion returns the version of a file that must exist. A store has no precondition for any
// version, so that a file that another client replaces before the body has come fails the
// condition, too.
func (s *Service) currentVersion(e *httpadmission.Exchange, path string) (string, error) {
	file, err := s.store.Stat(e.Context(), path)
	if errors.Is(err, tranship.ErrNotFound) {
		return "", errNoFile(path)
	}
	return file.Version, err
}

// memoryBytes is how much of a body is held in memory, without large pieces.
func memoryBytes(r *http.Request) int64 {
	if 0 <= r.ContentLength && r.ContentLength <= tranship.MaxPutBytes {
		return r.ContentLength // by receiveSmall
	}
	return pieceBytes
}

// receiveSmall stores a body of at most MaxPutBytes.
func (s *Service) receiveSmall(e *httpadmission.Exchange, spec tranship.Spec, want digests) (tranship.File, int64, error) {
	data := s.pieces.buffers.Get(int(*spec.Size))
	defer s.pieces.buffers.Put(data)
	n, err := io.ReadFull(e, *data)
	if err != nil && *spec.Size > 0 {
		return tranship.File{}, int64(n), broken(err)
	}
	want.write(*data)
	if err := want.check(spec.Path); err != nil {
		return tranship.File{}, int64(n), err
	}
	file, err := s.store.Put(e.Context(), spec, *data)
	return file, int64(n), err
}

// receiveLarge stores a body of any size.
func (s *Service) receiveLarge(e *httpadmission.Exchange, spec tranship.Spec, want digests) (file tranship.File, received int64, err error) {
	ctx, transfer, end := s.begin(e, running.Subject{Direction: running.Upload, Path: spec.Path, Size: spec.Size})
	defer func() { err = end(err) }()
	upload, err := s.store.Begin(ctx, spec)
	if err != nil {
		return tranship.File{}, 0, err
	}
	writer := sequential.NewWriter(ctx, upload)
	defer func() {
		received = writer.Size()
		if err != nil {
			_ = writer.Abort() // the client gets err; if the cleanup fails, the upload expires
		}
	}()
	body := receiver{body: e, pieces: &s.pieces, size: spec.Size, small: e.Request.TLS != nil}
	for last := false; !last; {
		var data []byte
		var release func()
		if data, release, last, err = body.next(); err != nil {
			return tranship.File{}, 0, err
		}
		want.write(data)
		transfer.Add(int64(len(data)))
		if err := writer.WriteChunk(tranship.NewChunk([][]byte{data}, tranship.CRC32C(data), release)); err != nil {
			return tranship.File{}, 0, err
		}
	}
	if err := want.add(e.Request.Trailer, true); err != nil {
		return tranship.File{}, 0, err
	}
	if err := want.check(spec.Path); err != nil {
		return tranship.File{}, 0, err
	}
	if crc := writer.CRC32C(); want.crc != nil && *want.crc != crc {
		return tranship.File{}, 0, failure.WrongChecksum(spec.Path, crc, *want.crc)
	}
	file, err = writer.Commit()
	return file, 0, err
}

// broken returns the error of a body that has not come whole, unless err is why the server has
// ended the call.
func broken(err error) error {
	if failure.Word(err) != failure.Internal {
		return err
	}
	return failure.Worded(tranship.ErrInvalid, "%v: the body of the request did not come whole: %v", tranship.ErrInvalid, err)
}

// remove removes a file.
func (s *Service) remove(e *httpadmission.Exchange, path string) error {
	condition, err := changeCondition(e.Request.Header)
	if err != nil {
		return err
	}
	if condition.MustNotExist {
		return &tranship.InvalidError{Field: "If-None-Match", Rule: "a file that must not exist cannot be removed"}
	}
	err = s.store.Remove(e.Context(), path, condition.Precondition)
	if condition.mustExist && errors.Is(err, tranship.ErrNotFound) {
		err = errNoFile(path)
	}
	if err != nil {
		return err
	}
	return e.WriteHeader(http.StatusNoContent)
}
