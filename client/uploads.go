package client

import (
	"context"
	"errors"
	"io"
	"iter"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/internal/silence"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// ListUploads implements tranship.Store.
func (c *Client) ListUploads(ctx context.Context, directory string) iter.Seq2[tranship.UploadInfo, error] {
	return func(yield func(tranship.UploadInfo, error) bool) {
		for repeats := 0; ; repeats++ {
			begun := false
			err := c.listUploads(ctx, directory, func(info tranship.UploadInfo, err error) bool {
				begun = true
				return yield(info, err)
			})
			if isRenewed(err) && !begun && repeats < maxRepeats {
				continue
			}
			if err != nil {
				yield(tranship.UploadInfo{}, rpcstatus.FromError(err))
			}
			return
		}
	}
}

func (c *Client) listUploads(ctx context.Context, directory string, yield func(tranship.UploadInfo, error) bool) error {
	if err := tranship.ValidateDirectory(directory); err != nil {
		return err
	}
	watch, stop := silence.New(ctx, c.stallTimeout, "no upload came")
	defer stop()
	ctx = watch.Context()
	stream, err := c.files.ListUploads(c.askKeepAlive(ctx), &transhipv1.ListUploadsRequest{Directory: directory})
	if err != nil {
		return watch.Explain(err)
	}
	order := wire.UploadOrder{Directory: directory}
	var idle wire.Idle
	for {
		watch.Moved()
		response, err := stream.Recv()
		watch.Rest() // the time that yield takes does not count
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			if isRenewed(err) {
				return err
			}
			return watch.Explain(rpcstatus.FromError(err))
		}
		if len(response.GetUploads()) > 0 {
			idle.Useful()
		} else if err := idle.Useless(); err != nil {
			return err
		}
		for _, p := range response.GetUploads() {
			info, err := wire.UploadFromProto(p)
			if err == nil {
				err = order.Check(info)
			}
			if err != nil {
				return err
			}
			if !yield(info, nil) {
				return nil
			}
			if err := ctx.Err(); err != nil {
				return err
			}
		}
	}
}

// AbortUpload implements tranship.Store.
func (c *Client) AbortUpload(ctx context.Context, id string) error {
	if err := validateText("upload_id", id); err != nil {
		return err
	}
	_, err := callUnary(ctx, c, c.files.AbortUpload, &transhipv1.AbortUploadRequest{UploadId: id})
	return err
}
