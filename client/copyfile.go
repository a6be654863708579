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

// leastCopySilence is how long a server may at least be silent during a copy. It reports
// the progress every wire.CopyReportInterval.
const leastCopySilence = 5 * wire.CopyReportInterval

// Copy implements tranship.Store. It waits until the server has copied the file, which may
// take long for a large file. The server reports its progress every few seconds, also to the
// function of tranship.NewCopyProgressContext: if it is silent for Options.StallTimeout,
// and for at least 15 s, Copy fails with ErrUnavailable. For an older server, which does not
// report its progress, Copy waits while the server answers other calls.
func (c *Client) Copy(ctx context.Context, source, destination string, precondition tranship.Precondition) (file tranship.File, err error) {
	if err := validateTransplant(source, destination, precondition); err != nil {
		return tranship.File{}, err
	}
	if c.lacksCopyFile.Load() {
		return c.copyUnreported(ctx, source, destination, precondition)
	}
	request := &transhipv1.CopyFileRequest{
		SourcePath: source, SourceVersion: precondition.MustMatchSourceVersion,
		DestinationPath: destination, Precondition: wire.PreconditionToProto(precondition),
	}
	for range maxRepeats {
		file, err = c.copyFile(ctx, request)
		if !isRenewed(err) {
			break
		}
	}
	if rpcstatus.IsUnserved(err) {
		c.lacksCopyFile.Store(true)
		return c.copyUnreported(ctx, source, destination, precondition)
	}
	return file, rpcstatus.FromError(err)
}

// copyUnreported copies a file on a server that does not report the progress.
func (c *Client) copyUnreported(ctx context.Context, source, destination string, precondition tranship.Precondition) (tranship.File, error) {
	response, err := callProbed(ctx, c, c.files.Copy, &transhipv1.CopyRequest{
		SourcePath: source, SourceVersion: precondition.MustMatchSourceVersion,
		DestinationPath: destination, Precondition: wire.PreconditionToProto(precondition),
	})
	return file(response, err)
}

// copyFile makes one call. Its error may be a *renewedError.
func (c *Client) copyFile(ctx context.Context, request *transhipv1.CopyFileRequest) (tranship.File, error) {
	watch, stop := silence.New(ctx, max(c.stallTimeout, leastCopySilence), "the server did not report the progress of a copy")
	defer stop()
	stream, err := c.files.CopyFile(watch.Context(), request)
	if err != nil {
		return tranship.File{}, watch.Explain(err)
	}
	progress := tranship.CopyProgressFromContext(ctx)
	var last *transhipv1.CopyFileResponse
	for copied := int64(0); ; {
		watch.Moved()
		response, err := stream.Recv()
		watch.Rest() // the time that progress takes does not count
		switch {
		case errors.Is(err, io.EOF) && last != nil:
			return wire.FileFromProto(last.GetFile())
		case errors.Is(err, io.EOF):
			return tranship.File{}, fmt.Errorf("%w: the copy of %s ended without a result", tranship.ErrIntegrity, request.GetSourcePath())
		case err != nil && isRenewed(err):
			return tranship.File{}, err
		case err != nil:
			return tranship.File{}, watch.Explain(rpcstatus.FromError(err))
		}
		if last != nil || response.GetCopiedBytes() < copied {
			return tranship.File{}, fmt.Errorf("%w: the server reports %d bytes of %s copied, after %d", tranship.ErrIntegrity, response.GetCopiedBytes(), request.GetSourcePath(), copied)
		}
		if response.GetFile() != nil {
			last = response
			continue
		}
		if response.GetCopiedBytes() > copied {
			copied = response.GetCopiedBytes()
			progress(copied)
		}
	}
}
