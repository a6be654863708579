package client

import (
	"context"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// Stat implements tranship.Store.
func (c *Client) Stat(ctx context.Context, path string) (tranship.File, error) {
	if err := tranship.ValidatePath(path); err != nil {
		return tranship.File{}, err
	}
	asked := time.Now()
	response, err := callUnary(ctx, c, c.files.Stat, &transhipv1.StatRequest{Path: path})
	if err == nil {
		c.roundTrip.note(time.Since(asked))
	}
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
	response, err := callUnary(ctx, c, c.files.SetAttributes, &transhipv1.SetAttributesRequest{
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
	_, err := callUnary(ctx, c, c.files.Delete, &transhipv1.DeleteRequest{Path: path, Precondition: wire.PreconditionToProto(precondition)})
	return err
}

// Move implements tranship.Store.
func (c *Client) Move(ctx context.Context, source, destination string, precondition tranship.Precondition) (tranship.File, error) {
	if err := validateTransplant(source, destination, precondition); err != nil {
		return tranship.File{}, err
	}
	response, err := callUnary(ctx, c, c.files.Move, &transhipv1.MoveRequest{
		SourcePath: source, SourceVersion: precondition.MustMatchSourceVersion,
		DestinationPath: destination, Precondition: wire.PreconditionToProto(precondition),
	})
	return file(response, err)
}

// validateTransplant validates the arguments of a move or copy.
func validateTransplant(source, destination string, precondition tranship.Precondition) error {
	if err := tranship.ValidatePath(source); err != nil {
		return err
	}
	if err := tranship.ValidatePath(destination); err != nil {
		return err
	}
	return precondition.ValidateTransplant()
}
