package transfer

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"io"
	"math"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/sequential"
	"github.com/tranship/tranship/internal/silence"
)

// endTimeout bounds how long an upload that failed may take to be let go.
const endTimeout = 10 * time.Second

// stream copies a file from its first byte to its last: one whose size is not known, or
// that can be read only once. It is not resumed.
type stream struct {
	*job
	watch   *silence.Watch
	reading *reading
	file    tranship.File
	digest  hash.Hash // nil if the item has no digest

	size int64
	crc  uint32
}

// stream copies the item through buffers.
func (j *job) stream(watch *silence.Watch) error {
	digest, err := j.item.newDigest()
	if err != nil {
		return err
	}
	reading, err := j.buffers.read(watch.Context(), oneBuffer, math.MaxInt64, j.open)
	if err != nil {
		return err
	}
	defer reading.close()
	s := &stream{job: j, watch: watch, reading: reading, file: reading.content.File(), digest: digest}
	defer func() {
		if s.size > j.streamed.size {
			j.streamed = prefix{s.file.Version, s.size, s.crc}
		}
	}()
	if s.file.Version != j.streamed.version {
		j.streamed = prefix{} // it was replaced, and begins anew
	}
	j.begun(s.file)
	upload, err := j.destination.Begin(watch.Context(), j.spec(s.file))
	if j.leaveTimeOut(s.file.ModTime, err) {
		upload, err = j.destination.Begin(watch.Context(), j.spec(s.file))
	}
	if err != nil {
		return err
	}
	j.outage.Over()
	committed, err := s.send(upload)
	if err != nil {
		j.abort(watch.Context(), upload)
		return err
	}
	// From here on the file is visible: there is nothing to abort.
	if err := arrived(committed, s.size, s.crc); err != nil {
		return err
	}
	j.completed(s.file, committed)
	j.progress.there(s.size, 0)
	return nil
}

// send writes all of the source into an upload and commits it.
func (s *stream) send(upload tranship.Upload) (tranship.File, error) {
	ctx := s.watch.Context()
	if upload.PartSize() <= 0 {
		return tranship.File{}, fmt.Errorf("the destination has parts of %d bytes", upload.PartSize())
	}
	writer := sequential.NewWriter(ctx, upload)
	for {
		data, err := s.next()
		n := int64(data.Len())
		if err != nil {
			return tranship.File{}, err
		}
		if n == 0 {
			break
		}
		if isPipe(s.destination) {
			s.watch.Rest()
		}
		if err := writer.WriteChunk(data); err != nil {
			return tranship.File{}, err
		}
		s.result.SentBytes += n
		s.progress.received.Add(n)
		s.watch.Moved()
	}
	if err := writer.Close(); err != nil {
		return tranship.File{}, err
	}
	s.watch.Extend(commitFactor)
	return upload.Commit(ctx, tranship.Commit{Size: s.size, CRC32C: &s.crc})
}

// next returns the next chunk of the source, and an empty one at its good end.
func (s *stream) next() (tranship.Chunk, error) {
	if isPipe(s.item.Source) {
		s.watch.Rest()
	}
	data, err := s.reading.next()
	s.watch.Moved()
	if errors.Is(err, io.EOF) {
		return tranship.Chunk{}, s.verify()
	}
	if err != nil {
		return tranship.Chunk{}, sourceError(err)
	}
	if !s.isAgain(data) {
		data.Release()
		return tranship.Chunk{}, s.changed()
	}
	n := data.Len()
	s.progress.read.Add(int64(n))
	s.size += int64(n)
	s.crc = tranship.CombineCRC32C(s.crc, data.CRC32C, int64(n))
	if s.digest != nil {
		for _, piece := range data.Pieces {
			s.digest.Write(piece)
		}
	}
	if s.file.Size >= 0 && s.size > s.file.Size {
		data.Release()
		return tranship.Chunk{}, sourceEnd(int64(n), nil, s.file.Size)
	}
	return data, nil
}

// prefix is the first bytes of a source, as an attempt has read them.
type prefix struct {
	version string // "" of a source without versions
	size    int64
	crc     uint32
}

// isAgain reports whether the source still begins as in an earlier attempt, if data
// reaches to where that ended. A source that can be read only once, and was not declared
// as Once, would otherwise continue behind what the earlier attempt has read.
func (s *stream) isAgain(data tranship.Chunk) bool {
	left := s.streamed.size - s.size
	if left <= 0 || left > int64(data.Len()) {
		return true
	}
	crc := s.crc
	for _, piece := range data.Pieces {
		piece = piece[:min(left, int64(len(piece)))]
		crc = tranship.UpdateCRC32C(crc, piece)
		left -= int64(len(piece))
	}
	return crc == s.streamed.crc
}

// changed is the error of a source that is not what an earlier attempt has read.
func (s *stream) changed() error {
	return fmt.Errorf("source %w: its first %d bytes are others than when they were read before", ErrChanged, s.streamed.size)
}

func (s *stream) verify() error {
	if s.size < s.streamed.size {
		return s.changed()
	}
	if err := verify(s.file, s.size, s.crc); err != nil {
		return err
	}
	s.result.CRC32C = new(s.crc)
	return s.item.checkDigest(s.digest)
}

func (c *copier) abort(ctx context.Context, upload tranship.Upload) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	// An upload that cannot be removed now expires in its store.
	_ = upload.Abort(ctx)
}
