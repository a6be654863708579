package client

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/payload"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/internal/silence"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// awaitOpened receives the first reply to an Open. Before it, the server may show that it is
// alive.
func awaitOpened(ctx context.Context, stream payload.Receiver) (*transhipv1.DownloadResponse, error) {
	var idle wire.Idle
	for {
		response, data, err := receive(stream)
		if err != nil || response.GetKeepAlive() == nil {
			data.Free()
			return response, err
		}
		silence.Alive(ctx)
		if err := idle.Useless(); err != nil {
			return nil, err
		}
	}
}

// receive receives a response and its payload.
func receive(stream payload.Receiver) (*transhipv1.DownloadResponse, *payload.Message, error) {
	response := &transhipv1.DownloadResponse{}
	message := wire.NewDownloadResponse(response)
	err := receiveMessage(stream, message)
	return response, message, err
}

// receiveMessage receives a message, in place of an earlier one.
func receiveMessage(stream payload.Receiver, message *payload.Message) error {
	err := message.Receive(stream)
	if malformed, ok := errors.AsType[*payload.MalformedError](err); ok {
		err = fmt.Errorf("%w: the server sent a message that cannot be decoded: %w", tranship.ErrIntegrity, malformed)
	}
	return err
}

// streamError translates the error by which a stream ended while a reply was due.
func streamError(err error) error {
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: the server ended the stream", tranship.ErrUnavailable)
	}
	return rpcstatus.FromError(err)
}
