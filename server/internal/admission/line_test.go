package admission_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/server/internal/admission"
)

// lineTransport is a small protocol of lines over a connection, which shows what a
// transport that is not gRPC has to do. A call is "call METHOD [TOKEN]", and so many
// lines of "message TEXT", and "end". The answers are lines of "message TEXT" and, at
// the end of the call, "ok" or "error WORD TEXT". "ping" has no payload, and no answer.
type lineTransport struct{}

// lineServer is the server of lines.
type lineServer struct {
	door     *admission.Door
	ctx      context.Context
	handlers sync.WaitGroup
}

func (lineTransport) serve(t *testing.T, door *admission.Door) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &lineServer{door: door, ctx: ctx}
	var connections sync.WaitGroup
	connections.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			connections.Go(func() { s.accept(conn) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		cancel()
		connections.Wait()
		s.handlers.Wait()
	})
	return listener.Addr().String()
}

// accept serves a connection.
func (s *lineServer) accept(conn net.Conn) {
	defer conn.Close()
	connection, err := s.door.Connect(conn.RemoteAddr(), func() { conn.Close() })
	if err != nil {
		return
	}
	defer connection.Close()
	defer context.AfterFunc(s.ctx, func() { conn.Close() })()
	c := &lineConn{server: s, conn: conn, connection: connection, reader: bufio.NewReader(conn)}
	for {
		words, err := c.read()
		if err != nil {
			return
		}
		switch {
		case words[0] == "ping":
			if connection.Control(1) != nil {
				return
			}
		case words[0] != "call" || len(words) < 2:
			return
		default:
			if !c.call(words[1], words[2:]) {
				return
			}
		}
	}
}

// lineConn is the server's end of a connection.
type lineConn struct {
	server     *lineServer
	conn       net.Conn
	connection *admission.Connection
	reader     *bufio.Reader

	mu sync.Mutex
}

func (c *lineConn) read() ([]string, error) {
	line, err := c.reader.ReadString('\n')
	return strings.SplitN(strings.TrimSuffix(line, "\n"), " ", 3), err
}

func (c *lineConn) write(format string, args ...any) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, err := fmt.Fprintf(c.conn, format+"\n", args...)
	c.connection.Sent(n)
	return err
}

// call serves a call, and reports whether the connection can have another.
func (c *lineConn) call(method string, token []string) bool {
	ctx, cancel := context.WithCancel(c.server.ctx)
	defer cancel()
	over, err := c.admitted(ctx, method, token)
	if err == nil {
		return c.write("ok") == nil
	}
	text := "internal error"
	if failure.Word(err) != failure.Internal {
		text = err.Error()
	}
	return c.write("error %s %s", failure.Word(err), text) == nil && over
}

// admitted runs a call. over: all of its messages were read.
func (c *lineConn) admitted(ctx context.Context, method string, token []string) (over bool, err error) {
	call, err := c.connection.Begin(ctx, method, nil)
	if err != nil {
		return false, err
	}
	defer call.End()
	defer func() { call.Done(err, admission.Names{}) }()
	var presented admission.Presented
	for _, text := range token {
		presented.Authorization = append(presented.Authorization, "Bearer "+text)
	}
	if err := call.Authenticate(presented, false); err != nil {
		return false, err
	}
	if method == chat || method == upload {
		s := &lineServing{lineConn: c, admittedCall: call}
		err = call.Run(admission.Stream{Owes: method == upload, Handlers: &c.server.handlers}, func() error { return streaming(method, s) })
		if err != nil {
			// The handler may wait for a message: the end of the connection ends that.
			return false, err
		}
		return true, nil
	}
	err = call.Receive(func() error {
		if words, err := c.read(); err != nil || words[0] != "message" {
			return fmt.Errorf("%w: not a message", tranship.ErrInvalid)
		}
		return nil
	})
	if err == nil {
		err = call.Turn()
	}
	if err != nil {
		return false, err
	}
	return true, call.Handle(func() error {
		text, err := unary(call.Context(), method)
		if err != nil {
			return err
		}
		return c.write("message %s", text)
	})
}

// lineServing is the service's end of a call that streams.
type lineServing struct {
	*lineConn
	admittedCall *admission.Call
}

func (s *lineServing) Context() context.Context { return s.admittedCall.Context() }

func (s *lineServing) receive() error {
	s.admittedCall.Receiving()
	words, err := s.read()
	if err == nil && words[0] == "end" {
		err = io.EOF
	}
	return s.admittedCall.Received(int64(len(words[len(words)-1])), err)
}

func (s *lineServing) send(text string) error {
	n := int64(len(text))
	if err := s.admittedCall.Sending(n); err != nil {
		return err
	}
	defer s.admittedCall.Sent(n)
	return s.write("message %s", text)
}

func (lineTransport) connect(t *testing.T, address string) connection {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	return &lineClient{conn, bufio.NewReader(conn)}
}

// lineClient is the client's end of a connection, and of its only call that streams.
type lineClient struct {
	conn   net.Conn
	reader *bufio.Reader
}

func (c *lineClient) close() { c.conn.Close() }

func (c *lineClient) write(format string, args ...any) error {
	_, err := fmt.Fprintf(c.conn, format+"\n", args...)
	return err
}

func (c *lineClient) call(_ context.Context, method, token string) (string, error) {
	_ = c.write("call %s", strings.TrimSpace(method+" "+token)) // receiving tells why it failed
	_ = c.write("message x")
	text, err := c.receive()
	if err == nil {
		_, err = c.receive()
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return text, err
}

func (c *lineClient) open(_ context.Context, method, token string) (stream, error) {
	return c, c.write("call %s", strings.TrimSpace(method+" "+token))
}

func (c *lineClient) exchange() (string, error) {
	_ = c.write("message x")
	return c.receive()
}

func (c *lineClient) end() error { return c.write("end") }

// receive returns the next message, io.EOF at the end of a call, or its error.
func (c *lineClient) receive() (string, error) {
	line, err := c.reader.ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("%w: the connection ended: %v", tranship.ErrUnavailable, err)
	}
	kind, text, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
	switch kind {
	case "message":
		return text, nil
	case "ok":
		return "", io.EOF
	}
	word, text, _ := strings.Cut(text, " ")
	for _, err := range []error{tranship.ErrDenied, tranship.ErrUnauthenticated, tranship.ErrUnavailable} {
		if failure.Word(err) == word {
			return "", fmt.Errorf("%w: %s", err, text)
		}
	}
	return "", errors.New(text)
}
