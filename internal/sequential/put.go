package sequential

import (
	"context"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
)

// Put implements the Put method of a tranship.Writer with its Begin method.
func Put(ctx context.Context, begin func(context.Context, tranship.Spec) (tranship.Upload, error), spec tranship.Spec, data []byte) (tranship.File, error) {
	if len(data) > tranship.MaxPutBytes {
		return tranship.File{}, failure.PutTooLarge(spec.Path, int64(len(data)))
	}
	size := int64(len(data))
	if spec.Size != nil && *spec.Size != size {
		return tranship.File{}, &tranship.InvalidError{Field: "size", Rule: "a size must be that of the data"}
	}
	if crc := tranship.CRC32C(data); spec.CRC32C != nil && *spec.CRC32C != crc {
		return tranship.File{}, failure.WrongChecksum(spec.Path, crc, *spec.CRC32C)
	}
	spec.Size = &size
	upload, err := begin(ctx, spec)
	if err != nil {
		return tranship.File{}, err
	}
	writer := NewWriter(ctx, upload)
	if _, err = writer.Write(data); err == nil {
		var file tranship.File
		if file, err = writer.Commit(); err == nil {
			return file, nil
		}
	}
	// The reason why the file was not stored matters more than an error of the cleanup.
	_ = writer.Abort()
	return tranship.File{}, err
}
