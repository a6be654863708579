// Package filesrv is a client of FileSrv, the protocol of a widely copied tutorial
// for moving files with gRPC. It works with existing servers of it, in any
// language, and with server/filesrv of this project.
//
// Existing servers have quirks, which it gets along with: they save all files of
// a call under the last name, so it sends one file a call; they ignore a name
// that lacks a dot, so it warns of that; and they answer a missing file with an
// empty answer, so that is what an empty answer means. The protocol has neither
// sizes nor checksums, versions, times or modes.
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

// Options of a Client. The zero value suits any server.
type Options struct {
	// Revision 2 is what a server that cannot say so in its response metadata is
	// known to speak. Otherwise, only that metadata is believed.
	Revision int
	// AllowEmpty takes an answer without any message for an empty file, and not
	// for a missing one.
	AllowEmpty bool
	// Warn is told, as a sentence for people, of what may go otherwise than
	// meant. It is called from any goroutine. nil: nobody is.
	Warn func(string)
}

// Client moves files to and from one server. It is safe for concurrent use. It is
// a tranship.Writer, and has the Open of a tranship.Reader.
type Client struct {
	server  filesrvv1.FileSrvClient
	options Options
}

var _ tranship.Writer = (*Client)(nil)

// New returns a client on conn, which stays the caller's to close.
func New(conn grpc.ClientConnInterface, options Options) *Client {
	return &Client{server: filesrvv1.NewFileSrvClient(unsent.Conn{ClientConnInterface: conn}), options: options}
}

// Put stores a small file.
func (c *Client) Put(ctx context.Context, spec tranship.Spec, data []byte) (tranship.File, error) {
	return sequential.Put(ctx, c.Begin, spec, data)
}

func header(path string) *filesrvv1.FileHeader {
	filename, extension := compat.SplitExtension(path)
	return &filesrvv1.FileHeader{Filename: filename, Extension: extension}
}
