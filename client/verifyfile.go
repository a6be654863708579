package client

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/internal/silence"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// VerifyOptions are how a file is verified. The zero value verifies any version, as fast as the
// server can.
type VerifyOptions struct {
	// Version is the version that the file must have; "" for any.
	Version string
	// BytesPerSecond is the most bytes a second that the server reads for the call; 0 for as many
	// as it can.
	BytesPerSecond int64
}

// VerifyFile makes the server read the file at a path and compare it with its checksum; its bytes
// do not cross the network. It returns the file. File.CRC32C is nil if the server knows no
// checksum; then the file was only read. VerifyFile fails with tranship.ErrIntegrity if the file
// does not match its checksum, with tranship.ErrPrecondition if it has another version or is changed
// meanwhile, and with tranship.ErrUnsupported if the server is too old for the call. It is safe for
// concurrent use.
func (c *Client) VerifyFile(ctx context.Context, path string, options VerifyOptions) (file tranship.File, err error) {
	if err := tranship.ValidatePath(path); err != nil {
		return tranship.File{}, err
	}
	if err := validateText("version", options.Version); err != nil {
		return tranship.File{}, err
	}
	if options.BytesPerSecond < 0 {
		return tranship.File{}, &tranship.InvalidError{Field: "bytes per second", Rule: "a rate must not be negative"}
	}
	for range maxRepeats {
		file, err = c.verifyFile(ctx, path, options)
		if !isRenewed(err) {
			break
		}
	}
	if rpcstatus.IsUnserved(err) {
		return tranship.File{}, fmt.Errorf("%w: the server does not verify files: it is older than this client", tranship.ErrUnsupported)
	}
	return file, rpcstatus.FromError(err)
}

// verifyFile makes one call. Its error may be a *renewedError.
func (c *Client) verifyFile(ctx context.Context, path string, options VerifyOptions) (tranship.File, error) {
	watch, stop := silence.New(ctx, max(c.stallTimeout, leastCopySilence), "the server did not report how far it has read a file")
	defer stop()
	stream, err := c.files.VerifyFile(watch.Context(), &transhipv1.VerifyFileRequest{Path: path, Version: options.Version, MaxBytesPerSecond: options.BytesPerSecond})
	if err != nil {
		return tranship.File{}, watch.Explain(err)
	}
	var last *transhipv1.VerifyFileResponse
	for read := int64(0); ; {
		watch.Moved()
		response, err := stream.Recv()
		switch {
		case errors.Is(err, io.EOF) && last != nil:
			return verifiedFile(path, last)
		case errors.Is(err, io.EOF):
			return tranship.File{}, fmt.Errorf("%w: the verification of %s ended without a result", tranship.ErrIntegrity, path)
		case err != nil && isRenewed(err):
			return tranship.File{}, err
		case err != nil:
			return tranship.File{}, watch.Explain(rpcstatus.FromError(err))
		}
		if last != nil || response.GetReadBytes() < read {
			return tranship.File{}, fmt.Errorf("%w: the server reports %d bytes of %s read, after %d", tranship.ErrIntegrity, response.GetReadBytes(), path, read)
		}
		if response.GetFile() != nil {
			last = response
			continue
		}
		read = response.GetReadBytes()
	}
}

// verifiedFile returns the file of the last response of a verification.
func verifiedFile(path string, response *transhipv1.VerifyFileResponse) (tranship.File, error) {
	file, err := wire.FileFromProto(response.GetFile())
	switch {
	case err != nil:
		return tranship.File{}, err
	case file.Path != path:
		return tranship.File{}, fmt.Errorf("%w: the server verified %q instead of %s", tranship.ErrIntegrity, file.Path, path)
	case file.CRC32C != nil && (response.Crc32C == nil || *file.CRC32C != response.GetCrc32C()):
		return tranship.File{}, fmt.Errorf("%w: the server read %s with CRC32C %08x, and it was stored with %08x", tranship.ErrIntegrity, path, response.GetCrc32C(), *file.CRC32C)
	}
	return file, nil
}
