// Package filetransfer is a client of FileTransfer.FileService, the upload protocol of
// another widely copied tutorial. It works with existing servers of that protocol, and with
// server/filetransfer of this project.
//
// The protocol has no names. The client sends the path as request metadata, which existing
// servers ignore: they save every file as received_file.bin. The protocol has no sizes,
// checksums, times or modes, and no downloads.
package filetransfer

import (
	"context"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/compat"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/internal/sequential"
	transferpb "github.com/tranship/tranship/proto/filetransfer"
)

// Options configure a Client. The zero value is ready to use.
type Options struct {
	// Warn is called with a sentence for people about a result that may differ from what
	// the caller wants. It is called from any goroutine. It may be nil.
	Warn func(string)
}

// Client sends files to one server. It is safe for concurrent use.
type Client struct {
	server  transferpb.FileServiceClient
	options Options
}

var _ tranship.Writer = (*Client)(nil)

// New returns a client on conn, which the caller must close.
func New(conn grpc.ClientConnInterface, options Options) *Client {
	return &Client{server: transferpb.NewFileServiceClient(conn), options: options}
}

// Put implements tranship.Writer.
func (c *Client) Put(ctx context.Context, spec tranship.Spec, data []byte) (tranship.File, error) {
	return sequential.Put(ctx, c.Begin, spec, data)
}

// Begin begins to send a file, in its own call. The upload accepts parts only in ascending
// order and one at a time: Part waits for the parts before it. A failed upload cannot be
// resumed; the caller must begin another one. When the context of an open part or of Commit
// ends, so does the upload.
//
// The error is ErrUnsupported if the spec has a precondition or metadata, which the
// protocol does not have. Times and modes are lost. The server decides how durable the
// commit is.
func (c *Client) Begin(ctx context.Context, spec tranship.Spec) (tranship.Upload, error) {
	if err := compat.Supported(spec); err != nil {
		return nil, err
	}
	call, cancel, started := compat.NewCall(metadata.AppendToOutgoingContext(ctx, nameKey(spec.Path), spec.Path))
	stream, err := c.server.Upload(call)
	if ended := started(); ended != nil {
		err = ended
	}
	if err != nil {
		cancel()
		return nil, rpcstatus.FromForeign(err)
	}
	return sequential.NewUpload(&sink{stream: stream, cancel: cancel, path: spec.Path, warn: c.options.Warn}, spec), nil
}

// nameKey returns the metadata key for a path. Only values of "-bin" keys may have
// characters outside of printable ASCII, and keep leading and trailing spaces.
func nameKey(path string) string {
	special := func(r rune) bool { return r < ' ' || r > '~' }
	if strings.ContainsFunc(path, special) || strings.TrimSpace(path) != path {
		return "filename-bin"
	}
	return "filename"
}
