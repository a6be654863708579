package native

import (
	"io"
	"math"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/zeroruns"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

func zerosResponse(slot uint64, offset, length int64) *transhipv1.DownloadResponse {
	return &transhipv1.DownloadResponse{Response: &transhipv1.DownloadResponse_Zeros{
		Zeros: &transhipv1.Zeros{Slot: slot, Offset: &offset, Length: length},
	}}
}

// read reads up to length bytes of a content, and the run of zeros that follows if the bytes
// end there. The caller sends the chunk that it returns also if there is an error. zeros is
// nil if the content knows no runs, or the client does not accept them.
func (s *Service) read(content io.Reader, zeros tranship.ZeroReader, length int) (chunk tranship.Chunk, run int64, err error) {
	buffer := s.buffers.Get(length)
	n, run, err := zeroruns.ReadFull(content, zeros, *buffer, math.MaxInt64)
	if n == 0 {
		s.buffers.Put(buffer)
		return tranship.Chunk{}, run, err
	}
	data := (*buffer)[:n]
	return tranship.NewChunk([][]byte{data}, tranship.CRC32C(data), func() { s.buffers.Put(buffer) }), run, err
}

// openedBytes returns how many bytes an open asks for of a file of size bytes.
func openedBytes(open *transhipv1.Open, size int64) int64 {
	left := max(size-open.GetOffset(), 0)
	if open.Length == nil {
		return left
	}
	return min(left, max(open.GetLength(), 0))
}
