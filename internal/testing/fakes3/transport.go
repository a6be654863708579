package fakes3

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
)

// Transport is the way to an engine in this process without a connection, so that both can be
// in virtual time.
type Transport struct{ Server *Server }

// RoundTrip implements http.RoundTripper.
func (t Transport) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Body == nil {
		request = request.Clone(request.Context())
		request.Body = http.NoBody
	}
	reader, writer := io.Pipe()
	w := &pipeWriter{header: http.Header{}, body: writer, begun: make(chan struct{})}
	cut := func(err error) {
		w.begin(0)
		_ = writer.CloseWithError(err) // it never fails
	}
	stop := context.AfterFunc(request.Context(), func() { cut(request.Context().Err()) })
	go func() {
		defer stop()
		defer func() {
			if recover() != nil {
				cut(errCut)
			}
			_ = request.Body.Close() // it is not needed any more
		}()
		t.Server.ServeHTTP(w, request)
		w.begin(http.StatusOK)
		_ = writer.Close() // it never fails
	}()
	<-w.begun
	if w.status == 0 {
		if err := request.Context().Err(); err != nil {
			return nil, err
		}
		return nil, errCut
	}
	return &http.Response{
		StatusCode: w.status, Status: http.StatusText(w.status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.sent, Body: reader, ContentLength: -1, Request: request,
	}, nil
}

// errCut is the error of a connection that was cut.
var errCut = errors.New("the connection was cut")

// pipeWriter is an http.ResponseWriter that writes into a pipe.
type pipeWriter struct {
	header http.Header
	body   *io.PipeWriter
	once   sync.Once
	// begun is closed once status and sent are set. status is 0 if the connection was cut
	// before.
	begun  chan struct{}
	status int
	sent   http.Header
}

func (w *pipeWriter) begin(status int) {
	w.once.Do(func() {
		if w.status = status; status != 0 {
			w.sent = w.header.Clone() // without a status, the server may still set headers
		}
		close(w.begun)
	})
}

func (w *pipeWriter) Header() http.Header    { return w.header }
func (w *pipeWriter) WriteHeader(status int) { w.begin(status) }
func (w *pipeWriter) Flush()                 {}

func (w *pipeWriter) Write(data []byte) (int, error) {
	w.begin(http.StatusOK)
	return w.body.Write(data)
}
