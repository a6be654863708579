package client

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/observation"
	"github.com/tranship/tranship/internal/rpcstatus"
)

// Put implements tranship.Store. Concurrent calls share a stream, and each waits only for
// its own reply.
func (c *Client) Put(ctx context.Context, spec tranship.Spec, data []byte) (tranship.File, error) {
	result := c.PutBatch(ctx, []tranship.PutItem{{Spec: spec, Data: data}})[0]
	return result.File, result.Err
}

// PutBatch implements tranship.BatchPutter. It shares a stream with concurrent calls of it
// and of Put. Each item has an event of its own, whose duration is that of the call.
func (c *Client) PutBatch(ctx context.Context, items []tranship.PutItem) []tranship.PutResult {
	start := c.observed.Now()
	results := c.putBatch(ctx, items)
	failed := func(result tranship.PutResult) bool { return result.Err != nil }
	if slices.ContainsFunc(results, failed) {
		c.silent.replace(ctx)
	}
	for i, item := range items {
		c.observed.Transfer(ctx, tranship.EventUpload, item.Spec.Path, 0, int64(len(item.Data)), start, results[i].Err)
	}
	return results
}

// Fetch implements tranship.Fetcher. Concurrent calls share a stream, and each waits only
// for its own replies.
func (c *Client) Fetch(ctx context.Context, path string, size int64) (tranship.File, []byte, error) {
	result := c.FetchBatch(ctx, []tranship.FetchItem{{Path: path, Size: size}})[0]
	return result.File, result.Data, result.Err
}

// FetchBatch implements tranship.BatchFetcher. It shares a stream with concurrent calls of it
// and of Fetch. Each item has an event of its own, whose duration is that of the call.
func (c *Client) FetchBatch(ctx context.Context, items []tranship.FetchItem) []tranship.FetchResult {
	start := c.observed.Now()
	results := c.fetchBatch(ctx, items)
	failed := func(result tranship.FetchResult) bool { return result.Err != nil }
	if slices.ContainsFunc(results, failed) {
		c.silent.replace(ctx)
	}
	for i, item := range items {
		c.observed.Transfer(ctx, tranship.EventDownload, item.Path, 0, int64(len(results[i].Data)), start, results[i].Err)
	}
	return results
}

// Commit implements tranship.Upload.
func (u *upload) Commit(ctx context.Context, commit tranship.Commit) (tranship.File, error) {
	file, err := u.commitOnce(ctx, commit)
	u.client.observed.Transfer(ctx, tranship.EventUpload, u.spec.Path, 0, commit.Size, u.start, err)
	return file, err
}

// observeDownload reports the end of a download. err is the error by which reading ended.
func (c *content) observeDownload(err error) {
	if errors.Is(err, io.EOF) {
		err = nil
	}
	c.client.observed.Transfer(c.ctx, tranship.EventDownload, c.file.Path, c.start, c.received, c.opened, err)
}

// observedCalls reports the calls of a connection. The batch may be nil.
type observedCalls struct{ batch *observation.Batch }

// options returns the options for a connection.
func (o observedCalls) options() []grpc.DialOption {
	if o.batch == nil {
		return nil
	}
	return []grpc.DialOption{grpc.WithChainUnaryInterceptor(o.unary), grpc.WithChainStreamInterceptor(o.stream)}
}

// unary implements grpc.UnaryClientInterceptor.
func (o observedCalls) unary(ctx context.Context, method string, request, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	ctx, call := o.batch.Begin(ctx, method)
	err := invoke(ctx, method, request, reply, conn, options...)
	call.End(rpcstatus.FromError(err))
	return err
}

// stream implements grpc.StreamClientInterceptor.
func (o observedCalls) stream(ctx context.Context, desc *grpc.StreamDesc, conn *grpc.ClientConn, method string, open grpc.Streamer, options ...grpc.CallOption) (grpc.ClientStream, error) {
	if o.batch == nil {
		return open(ctx, desc, conn, method, options...)
	}
	ctx, call := o.batch.Begin(ctx, method)
	stream, err := open(ctx, desc, conn, method, options...)
	if err != nil {
		call.End(rpcstatus.FromError(err))
		return nil, err
	}
	observed := &observedStream{ClientStream: stream, call: call}
	// The end of the context is the end of a stream that is not read to its end.
	context.AfterFunc(stream.Context(), func() { observed.end(context.Cause(stream.Context())) })
	return observed, nil
}

// observedStream reports its end, once.
type observedStream struct {
	grpc.ClientStream
	call *observation.Call
	once sync.Once
}

// RecvMsg implements grpc.ClientStream.
func (s *observedStream) RecvMsg(message any) error {
	err := s.ClientStream.RecvMsg(message)
	if errors.Is(err, io.EOF) {
		s.end(nil)
	} else if err != nil {
		s.end(err)
	}
	return err
}

// end reports the end. A cancelled stream has not failed, because the client cancels
// streams that it no longer needs.
func (s *observedStream) end(err error) {
	if errors.Is(err, context.Canceled) || status.Code(err) == codes.Canceled {
		err = nil
	}
	s.once.Do(func() { s.call.End(rpcstatus.FromError(err)) })
}
