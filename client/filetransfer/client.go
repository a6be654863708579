// Package filetransfer is a client of FileTransfer.FileService, the upload protocol
// of another widely copied tutorial. It works with existing servers of it, and with
// server/filetransfer of this project.
//
// The protocol has no names; this client sends the path as request metadata, which
// existing servers ignore: they save every file as received_file.bin. It has
// neither sizes nor checksums, times or modes, and no downloads.
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

// Options of a Client. The zero value is complete.
type Options struct {
	// Warn is told, as a sentence for people, of what may have gone otherwise
	// than meant. It is called from any goroutine. nil: nobody is.
	Warn func(string)
}

// Client sends files to one server. It is safe for concurrent use.
type Client struct {
	server  transferpb.FileServiceClient
	options Options
}

var _ tranship.Writer = (*Client)(nil)

// New returns a client on conn, which stays the caller's to close.
func New(conn grpc.ClientConnInterface, options Options) *Client {
	return &Client{server: transferpb.NewFileServiceClient(conn), options: options}
}

// Put stores a small file.
func (c *Client) Put(ctx context.Context, spec tranship.Spec, data []byte) (tranship.File, error) {
	return sequential.Put(ctx, c.Begin, spec, data)
}

// Begin starts to send a file, in a call of its own. The upload takes its parts
// only in ascending order and one at a time: Part waits for those before. What was
// sent cannot be sent again, so an upload that failed must begin anew. When the
// context of an open part or of Commit ends, so does the upload.
//
// ErrUnsupported: the spec has a precondition or metadata, which the protocol does
// not. It has no times and modes either, which are lost, and how durable the
// commit is the server decides.
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

// nameKey is the metadata key for a path: values of others than "-bin" are ASCII,
// and lose spaces around them on the way.
func nameKey(path string) string {
	special := func(r rune) bool { return r < ' ' || r > '~' }
	if strings.ContainsFunc(path, special) || strings.TrimSpace(path) != path {
		return "filename-bin"
	}
	return "filename"
}
