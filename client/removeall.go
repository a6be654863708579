package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/internal/silence"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

var _ tranship.TreeRemover = (*Client)(nil)

// RemoveAll implements tranship.TreeRemover in one call. With options.Allow, which the
// server cannot call, it makes a call for each file. The error is tranship.ErrUnsupported
// if the server does not have DeleteTree.
func (c *Client) RemoveAll(ctx context.Context, directory string, options tranship.RemoveAllOptions) (removed int64, err error) {
	if err := tranship.ValidatePath(directory); err != nil {
		return 0, err
	}
	if options.Allow != nil {
		return tranship.RemoveEach(ctx, c, directory, options)
	}
	for range maxRepeats {
		n, failure := c.removeAll(ctx, directory, options.Progress)
		removed, err = removed+n, failure
		if !isRenewed(err) {
			break
		}
	}
	return removed, rpcstatus.FromError(err)
}

// removeAll makes one call. Its error may be a *renewedError.
func (c *Client) removeAll(ctx context.Context, directory string, progress func(path string)) (removed int64, err error) {
	watch, stop := silence.New(ctx, c.stallTimeout, "no file was removed")
	defer stop()
	stream, err := c.files.DeleteTree(c.askKeepAlive(watch.Context()), &transhipv1.DeleteTreeRequest{Directory: directory, ReportPaths: progress != nil})
	if err != nil {
		return 0, watch.Explain(err)
	}
	done := false
	var idle wire.Idle
	for {
		watch.Moved()
		response, err := stream.Recv()
		watch.Rest() // the time that progress takes does not count
		switch {
		case errors.Is(err, io.EOF) && done:
			return removed, nil
		case errors.Is(err, io.EOF):
			return removed, fmt.Errorf("%w: the removal of %s ended early, after %d files", tranship.ErrIntegrity, directory, removed)
		case err != nil && isRenewed(err):
			return removed, err
		case err != nil:
			return removed, watch.Explain(rpcstatus.FromError(err))
		}
		count, paths := response.GetDeletedCount(), response.GetPaths()
		if done || count < removed || progress != nil && count-removed != int64(len(paths)) {
			return removed, fmt.Errorf("%w: the server reports %d files removed from %s, after %d", tranship.ErrIntegrity, count, directory, removed)
		}
		if count > removed || response.GetDone() {
			idle.Useful()
		} else if err := idle.Useless(); err != nil {
			return removed, err
		}
		if progress == nil {
			paths = nil
		}
		removed, done = count, response.GetDone()
		for _, path := range paths {
			if tranship.ValidatePath(path) != nil || !strings.HasPrefix(path, directory+"/") {
				return removed, fmt.Errorf("%w: the server reports that it removed %.100q from %s", tranship.ErrIntegrity, path, directory)
			}
			progress(path)
		}
		if err := watch.Context().Err(); err != nil {
			return removed, watch.Explain(err)
		}
	}
}
