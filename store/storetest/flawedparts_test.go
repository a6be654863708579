package storetest_test

import (
	"bytes"
	"context"
	"io"
	"slices"

	"github.com/tranship/tranship"
)

// zeroless writes nothing for zeros that come as a number.
type zeroless struct{ tranship.Upload }

func (u zeroless) Part(ctx context.Context, n int) (tranship.PartWriter, error) {
	part, err := u.Upload.Part(ctx, n)
	return zerolessPart{part}, err
}

type zerolessPart struct{ tranship.PartWriter }

func (zerolessPart) WriteZeros(int64) error { return nil }

// skipping takes the next byte for a zero.
type skipping struct{ tranship.Content }

func (c skipping) ReadZeros(most int64) (int64, error) {
	return io.CopyN(io.Discard, c.Content, min(most, 1))
}

// hoarding never releases a chunk.
type hoarding struct{ tranship.Upload }

func (u hoarding) Part(ctx context.Context, n int) (tranship.PartWriter, error) {
	part, err := u.Upload.Part(ctx, n)
	return hoardingPart{part}, err
}

type hoardingPart struct{ tranship.PartWriter }

func (p hoardingPart) WriteChunk(chunk tranship.Chunk) error {
	_, err := io.Copy(struct{ io.Writer }{p.PartWriter}, bytes.NewReader(slices.Concat(chunk.Pieces...)))
	return err
}

// stumbling writes only the first part of a run.
type stumbling struct{ tranship.Upload }

func (u stumbling) PartRun(ctx context.Context, first, end int) (tranship.PartWriter, error) {
	part, err := u.Part(ctx, first)
	return &stumblingPart{PartWriter: part, space: u.PartSize()}, err
}

type stumblingPart struct {
	tranship.PartWriter
	space int64
}

func (p *stumblingPart) Write(data []byte) (int, error) {
	n := min(p.space, int64(len(data)))
	p.space -= n
	_, err := p.PartWriter.Write(data[:n])
	return len(data), err
}
