package faultproxy

import (
	"bytes"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// ends are the client's and the server's end of a proxied connection.
type ends struct {
	client, server net.Conn
	passed         [2]counter
	connection     *connection
}

// through runs test at the ends of a connection with a link, in a bubble with a fake
// clock.
func through(t *testing.T, link Link, test func(t *testing.T, e *ends)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		e := &ends{}
		var client, server net.Conn
		e.client, client = net.Pipe()
		e.server, server = net.Pipe()
		e.connection = newConnection(client, server, link, &e.passed)
		done := make(chan struct{})
		go func() {
			defer close(done)
			e.connection.run()
		}()
		test(t, e)
		_, _ = e.client.Close(), e.server.Close()
		e.connection.cut()
		<-done
	})
}

// send writes in the background, and sends the result to the channel.
func send(to io.Writer, data []byte) <-chan error {
	sent := make(chan error, 1)
	go func() {
		_, err := to.Write(data)
		sent <- err
	}()
	return sent
}

// receiver reads until the end of a connection.
type receiver struct {
	data bytes.Buffer
	done chan error
}

func receive(from io.Reader) *receiver {
	r := &receiver{done: make(chan error, 1)}
	go func() {
		_, err := io.Copy(&r.data, from)
		r.done <- err
	}()
	return r
}

// still waits until the connection is idle, and fails if the receiver has ended.
func (r *receiver) still(t *testing.T, want string) {
	t.Helper()
	synctest.Wait()
	select {
	case err := <-r.done:
		t.Errorf("ended: %v", err)
	default:
	}
	if got := r.data.String(); got != want {
		t.Errorf("received %q, want %q", got, want)
	}
}

func (r *receiver) ended(t *testing.T, want string) {
	t.Helper()
	<-r.done
	if got := r.data.String(); got != want {
		t.Errorf("received %q, want %q", got, want)
	}
}

func TestPerfect(t *testing.T) {
	through(t, Link{}, func(t *testing.T, e *ends) {
		up, down := receive(e.server), receive(e.client)
		<-send(e.client, []byte("question"))
		<-send(e.server, []byte("answer"))
		up.still(t, "question")
		down.still(t, "answer")
		if up, down := e.passed[Up].value(), e.passed[Down].value(); up != 8 || down != 6 {
			t.Errorf("passed %d up, %d down", up, down)
		}
		if err := e.client.Close(); err != nil {
			t.Fatal(err)
		}
		up.ended(t, "question")
	})
}

func TestCutAfter(t *testing.T) {
	for _, after := range []int64{0, 1, 5, 9} {
		through(t, Link{Up: Faults{CutAfter: &after}}, func(t *testing.T, e *ends) {
			up, down := receive(e.server), receive(e.client)
			send(e.client, []byte("123456789"))
			up.ended(t, "123456789"[:after])
			down.ended(t, "")
		})
	}
}

// TestCutAfterDown checks that a cut also ends the other direction, wherever it is.
func TestCutAfterDown(t *testing.T) {
	through(t, Link{Down: Faults{CutAfter: new(int64(3))}}, func(t *testing.T, e *ends) {
		up, down := receive(e.server), receive(e.client)
		<-send(e.client, []byte("question"))
		up.still(t, "question")
		send(e.server, []byte("answer"))
		down.ended(t, "ans")
		up.ended(t, "question")
	})
}

func TestFreezeAfter(t *testing.T) {
	through(t, Link{Up: Faults{FreezeAfter: new(int64(4))}}, func(t *testing.T, e *ends) {
		up, down := receive(e.server), receive(e.client)
		<-send(e.server, []byte("before"))
		down.still(t, "before")
		<-send(e.client, []byte("question"))
		up.still(t, "ques")
		send(e.server, []byte("answer"))
		down.still(t, "before")
		// The server does not notice that the client has closed the connection.
		if err := e.client.Close(); err != nil {
			t.Fatal(err)
		}
		up.still(t, "ques")
		e.connection.cut()
		up.ended(t, "ques")
	})
}

func TestThaw(t *testing.T) {
	through(t, Link{Up: Faults{FreezeAfter: new(int64(4))}}, func(t *testing.T, e *ends) {
		up := receive(e.server)
		<-send(e.client, []byte("question"))
		if err := e.client.Close(); err != nil {
			t.Fatal(err)
		}
		up.still(t, "ques")
		e.connection.thaw()
		up.ended(t, "question")
	})
}

func TestStallAfter(t *testing.T) {
	through(t, Link{Up: Faults{StallAfter: new(int64(4))}}, func(t *testing.T, e *ends) {
		up, down := receive(e.server), receive(e.client)
		<-send(e.client, []byte("question"))
		<-send(e.server, []byte("answer"))
		up.still(t, "ques")
		down.still(t, "answer")
		// The direction that is not stalled forwards the end.
		if err := e.server.Close(); err != nil {
			t.Fatal(err)
		}
		down.ended(t, "answer")
	})
}

func TestFlipAt(t *testing.T) {
	for name, test := range map[string]struct {
		faults Faults
		want   string
	}{
		"lowest bit by default": {Faults{FlipAt: new(int64(0))}, "`bcdef"},
		"mask":                  {Faults{FlipAt: new(int64(2)), FlipMask: 0x20}, "abCdef"},
		"second segment":        {Faults{FlipAt: new(int64(5)), FlipMask: 0x20}, "abcdeF"},
		"beyond":                {Faults{FlipAt: new(int64(6))}, "abcdef"},
	} {
		t.Run(name, func(t *testing.T) {
			through(t, Link{Up: test.faults}, func(t *testing.T, e *ends) {
				up := receive(e.server)
				<-send(e.client, []byte("abc"))
				<-send(e.client, []byte("def"))
				up.still(t, test.want)
			})
		})
	}
}

func TestLatency(t *testing.T) {
	through(t, Link{Up: Faults{Latency: time.Second}}, func(t *testing.T, e *ends) {
		begun := time.Now()
		// Many writes may be in flight at once.
		for range 100 {
			<-send(e.client, []byte("x"))
		}
		if took := time.Since(begun); took != 0 {
			t.Errorf("sending took %v", took)
		}
		if _, err := io.ReadFull(e.server, make([]byte, 100)); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begun); took != time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func TestBytesPerSecond(t *testing.T) {
	for _, rate := range []int64{10, 1000, 1 << 20} {
		through(t, Link{Up: Faults{BytesPerSecond: rate}}, func(t *testing.T, e *ends) {
			begun := time.Now()
			send(e.client, make([]byte, 4*rate))
			if _, err := io.ReadFull(e.server, make([]byte, 4*rate)); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(begun); took < 3900*time.Millisecond || took > 4*time.Second {
				t.Errorf("%d bytes a second: took %v", rate, took)
			}
		})
	}
}

// TestBackpressure checks that a slow link blocks its sender instead of buffering data
// without limit.
func TestBackpressure(t *testing.T) {
	through(t, Link{Up: Faults{BytesPerSecond: 1000}}, func(t *testing.T, e *ends) {
		receive(e.server)
		sent := send(e.client, make([]byte, 1<<20))
		synctest.Wait()
		select {
		case err := <-sent:
			t.Errorf("the proxy read everything: %v", err)
		default:
		}
	})
}

// TestCutWhileDelayed checks that delayed data does not keep a connection open.
func TestCutWhileDelayed(t *testing.T) {
	through(t, Link{Up: Faults{Latency: time.Hour, BytesPerSecond: 1}}, func(t *testing.T, e *ends) {
		up := receive(e.server)
		<-send(e.client, []byte("late"))
		synctest.Wait()
		begun := time.Now()
		e.connection.cut()
		up.ended(t, "")
		if took := time.Since(begun); took != 0 {
			t.Errorf("took %v", took)
		}
		if _, err := e.client.Write([]byte("x")); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("writing: %v", err)
		}
	})
}
