package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"
	"unicode"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rpcstatus"
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
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := c.files.ListUploads(ctx, &transhipv1.ListUploadsRequest{Directory: directory})
	if err != nil {
		return err
	}
	for {
		response, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, p := range response.GetUploads() {
			info, err := uploadInfo(p)
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

// uploadInfo translates what a server, which is not trusted, said of an upload.
func uploadInfo(p *transhipv1.Upload) (tranship.UploadInfo, error) {
	if err := tranship.ValidatePath(p.GetPath()); err != nil {
		return tranship.UploadInfo{}, fmt.Errorf("%w: the server sent an upload with an %v (%q)", tranship.ErrIntegrity, err, p.GetPath())
	}
	if p.GetSize() < 0 || p.GetDurableBytes() < 0 || strings.ContainsFunc(p.GetUploadId(), unicode.IsControl) {
		return tranship.UploadInfo{}, fmt.Errorf("%w: the server described the upload of %s badly", tranship.ErrIntegrity, p.GetPath())
	}
	info := tranship.UploadInfo{ID: p.GetUploadId(), Path: p.GetPath(), Size: p.GetSize(), DurableBytes: p.GetDurableBytes()}
	for _, t := range []struct {
		to   *time.Time
		from interface {
			CheckValid() error
			AsTime() time.Time
		}
	}{{&info.Created, p.GetCreatedTime()}, {&info.Expires, p.GetExpireTime()}} {
		if t.from.CheckValid() == nil {
			*t.to = t.from.AsTime()
		}
	}
	return info, nil
}

// AbortUpload implements tranship.Store.
func (c *Client) AbortUpload(ctx context.Context, id string) error {
	_, err := c.files.AbortUpload(ctx, &transhipv1.AbortUploadRequest{UploadId: id})
	return rpcstatus.FromError(err)
}
