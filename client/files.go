package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/relist"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/internal/silence"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// Stat implements tranship.Store.
func (c *Client) Stat(ctx context.Context, path string) (tranship.File, error) {
	if err := tranship.ValidatePath(path); err != nil {
		return tranship.File{}, err
	}
	response, err := ask(ctx, c, c.files.Stat, &transhipv1.StatRequest{Path: path})
	return file(response, err)
}

// fileResponse is any response that describes one file.
type fileResponse interface{ GetFile() *transhipv1.File }

func file(response fileResponse, err error) (tranship.File, error) {
	if err != nil {
		return tranship.File{}, rpcstatus.FromError(err)
	}
	return wire.FileFromProto(response.GetFile())
}

// List implements tranship.Store.
func (c *Client) List(ctx context.Context, options tranship.ListOptions) iter.Seq2[tranship.Entry, error] {
	return func(yield func(tranship.Entry, error) bool) {
		position := relist.Begin(options)
		for repeats := 0; ; repeats++ {
			err := c.list(ctx, position.Options(), func(entry tranship.Entry, err error) bool {
				if !position.Advance(entry, err) {
					return true
				}
				repeats = 0
				return yield(entry, err)
			})
			if isRenewed(err) && repeats < maxRepeats {
				continue // after what has come already
			}
			if err != nil {
				yield(tranship.Entry{}, rpcstatus.FromError(err))
			}
			return
		}
	}
}

// list makes one call.
func (c *Client) list(ctx context.Context, options tranship.ListOptions, yield func(tranship.Entry, error) bool) error {
	if err := tranship.ValidateDirectory(options.Directory); err != nil {
		return err
	}
	if err := validateText("start_after", options.StartAfter); err != nil {
		return err
	}
	watch, stop := silence.New(ctx, c.stallTimeout, "no entry came")
	defer stop()
	ctx = watch.Context()
	stream, err := c.files.List(ctx, &transhipv1.ListRequest{
		Directory:     options.Directory,
		Recursive:     options.Recursive,
		StartAfter:    options.StartAfter,
		ReportSkipped: options.ReportSkipped,
	})
	if err != nil {
		return watch.Explain(err)
	}
	var sum wire.ListSum
	var end *transhipv1.ListEnd
	order, empty := wire.NewListOrder(options), 0
	for {
		watch.Moved()
		response, err := stream.Recv()
		watch.Rest() // what yield does takes as long as it likes
		if errors.Is(err, io.EOF) {
			return sum.Verify(end)
		}
		if err != nil && isRenewed(err) {
			return err
		}
		if err != nil {
			return watch.Explain(rpcstatus.FromError(err))
		}
		end = response.GetEnd()
		if empty++; len(response.GetEntries())+len(response.GetSkipped()) > 0 {
			empty = 0
		}
		if err := wire.CheckEmpty(empty); err != nil {
			return err
		}
		for entry, err := range wire.ListItems(response, options.Directory) {
			_, skipped := errors.AsType[*tranship.SkippedError](err)
			if err == nil || skipped {
				if breach := order.Check(entry, err); breach != nil {
					return breach
				}
			}
			switch {
			case err != nil && !skipped:
				return err
			case skipped && !options.ReportSkipped:
				return fmt.Errorf("%w: the server reports what it left out without being asked to", tranship.ErrIntegrity)
			}
			sum.AddItem(entry, err)
			if !yield(entry, err) {
				return nil
			}
			if err := ctx.Err(); err != nil {
				return err
			}
		}
	}
}

// SetAttributes implements tranship.Store.
func (c *Client) SetAttributes(ctx context.Context, path string, attributes tranship.Attributes, precondition tranship.Precondition) (tranship.File, error) {
	if err := tranship.ValidatePath(path); err != nil {
		return tranship.File{}, err
	}
	if err := attributes.Validate(); err != nil {
		return tranship.File{}, err
	}
	if err := precondition.Validate(); err != nil {
		return tranship.File{}, err
	}
	response, err := ask(ctx, c, c.files.SetAttributes, &transhipv1.SetAttributesRequest{
		Path:         path,
		Attributes:   wire.AttributesToProto(attributes),
		Precondition: wire.PreconditionToProto(precondition),
	})
	return file(response, err)
}

// Remove implements tranship.Store.
func (c *Client) Remove(ctx context.Context, path string, precondition tranship.Precondition) error {
	if err := tranship.ValidatePath(path); err != nil {
		return err
	}
	if err := precondition.Validate(); err != nil {
		return err
	}
	_, err := ask(ctx, c, c.files.Delete, &transhipv1.DeleteRequest{Path: path, Precondition: wire.PreconditionToProto(precondition)})
	return err
}

// Move implements tranship.Store.
func (c *Client) Move(ctx context.Context, source, destination string, precondition tranship.Precondition) (tranship.File, error) {
	if err := validateTransplant(source, destination, precondition); err != nil {
		return tranship.File{}, err
	}
	response, err := ask(ctx, c, c.files.Move, &transhipv1.MoveRequest{
		SourcePath: source, SourceVersion: precondition.MustMatchSourceVersion,
		DestinationPath: destination, Precondition: wire.PreconditionToProto(precondition),
	})
	return file(response, err)
}

// Copy implements tranship.Store. It waits as long as the server copies, which takes the
// longer the larger the file is: only a connection that has died ends it early.
func (c *Client) Copy(ctx context.Context, source, destination string, precondition tranship.Precondition) (tranship.File, error) {
	if err := validateTransplant(source, destination, precondition); err != nil {
		return tranship.File{}, err
	}
	response, err := c.files.Copy(ctx, &transhipv1.CopyRequest{
		SourcePath: source, SourceVersion: precondition.MustMatchSourceVersion,
		DestinationPath: destination, Precondition: wire.PreconditionToProto(precondition),
	})
	return file(response, err)
}

// validateTransplant reports whether a move or copy can be asked for.
func validateTransplant(source, destination string, precondition tranship.Precondition) error {
	if err := tranship.ValidatePath(source); err != nil {
		return err
	}
	if err := tranship.ValidatePath(destination); err != nil {
		return err
	}
	return precondition.ValidateTransplant()
}
