// Package filesrv is a client of FileSrv, the protocol of a widely copied tutorial for
// moving files with gRPC. It works with existing servers of that protocol, in any language,
// and with server/filesrv of this project.
//
// The client allows for quirks of existing servers. They save all files of a call under the
// last name, so the client sends one file a call. They ignore a name without a dot, so the
// client warns of such names. They send an empty answer for a missing file, so an empty
// answer means that. The protocol has no sizes, checksums, versions, times or modes.
package filesrv

import (
	"context"

	"google.golang.org/grpc"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/compat"
	"github.com/tranship/tranship/internal/sequential"
	"github.com/tranship/tranship/internal/unsent"
	filesrvv1 "github.com/tranship/tranship/proto/filesrv/v1"
)

// Options configure a Client. The zero value suits all servers.
type Options struct {
	// Revision is 2 for a server that is known to speak revision 2 but does not announce
	// it in its response metadata. The metadata takes precedence.
	Revision int
	// AllowEmpty makes an answer without any message mean an empty file, and not a
	// missing one.
	AllowEmpty bool
	// Warn is called with a sentence for people about a result that may differ from what
	// the caller wants. It is called from any goroutine. It may be nil.
	Warn func(string)
}

// Client moves files to and from one server. It is safe for concurrent use. It implements
// tranship.Writer, and has the Open method of tranship.Reader.
type Client struct {
	server  filesrvv1.FileSrvClient
	options Options
}

var _ tranship.Writer = (*Client)(nil)

// New returns a client on conn, which the caller must close.
func New(conn grpc.ClientConnInterface, options Options) *Client {
	return &Client{server: filesrvv1.NewFileSrvClient(unsent.Conn{ClientConnInterface: conn}), options: options}
}

// Put implements tranship.Writer.
func (c *Client) Put(ctx context.Context, spec tranship.Spec, data []byte) (tranship.File, error) {
	return sequential.Put(ctx, c.Begin, spec, data)
}

func header(path string) *filesrvv1.FileHeader {
	filename, extension := compat.SplitExtension(path)
	return &filesrvv1.FileHeader{Filename: filename, Extension: extension}
}
