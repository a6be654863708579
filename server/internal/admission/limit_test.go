package admission_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access/authn"
	"github.com/tranship/tranship/server/internal/admission"
	"github.com/tranship/tranship/server/limit"
)

func TestConnections(t *testing.T) {
	overAll(t, func(t *testing.T, transport transport) {
		audit := &auditLog{}
		address := transport.serve(t, admission.New(admission.Options{Anonymous: true, Limits: limit.Options{ConnectionsPerPeer: 2}, Audit: audit}))
		var connections []connection
		for range 2 {
			c := transport.connect(t, address)
			if _, err := c.call(testContext(t), echo, ""); err != nil {
				t.Fatal(err)
			}
			connections = append(connections, c)
		}
		if _, err := transport.connect(t, address).call(testContext(t), echo, ""); !errors.Is(err, tranship.ErrUnavailable) {
			t.Errorf("the third connection: %v", err)
		}
		if audit.count("connect 127.0.0.1:", "the peer has 2 connections, and it may have no more") == 0 {
			t.Errorf("the audit log has %q", audit.lines)
		}
		connections[0].close()
		eventually(t, func() error {
			_, err := transport.connect(t, address).call(testContext(t), echo, "")
			return err
		})
	})
}

// Calls of one peer are counted over all its connections, until they end.
func TestCallsOfPeer(t *testing.T) {
	overAll(t, func(t *testing.T, transport transport) {
		audit := &auditLog{}
		address := transport.serve(t, admission.New(admission.Options{Anonymous: true, Limits: limit.Options{StreamsPerPeer: 2}, Audit: audit}))
		var streams []stream
		for range 2 {
			s, err := transport.connect(t, address).open(testContext(t), chat, "")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.exchange(); err != nil {
				t.Fatal(err)
			}
			streams = append(streams, s)
		}
		_, err := transport.connect(t, address).call(testContext(t), echo, "")
		wantLimit(t, err, "peer 127.0.0.1 has 2 calls under way, and may have no more")
		if audit.count("connect 127.0.0.1:", "2 calls under way") != 1 {
			t.Errorf("the audit log has %q", audit.lines)
		}
		if err := streams[0].end(); err != nil {
			t.Fatal(err)
		}
		if _, err := streams[0].receive(); !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		eventually(t, func() error {
			_, err := transport.connect(t, address).call(testContext(t), echo, "")
			return err
		})
	})
}

// A peer that begins calls too fast, and a principal that makes too many, are refused.
func TestCallRates(t *testing.T) {
	for name, test := range map[string]struct {
		limits limit.Options
		words  string
	}{
		"begun": {limit.Options{StreamsPerSecond: 1}, "peer 127.0.0.1 begins more than 1 calls a second"},
		// The next turn is later than a call waits.
		"made": {limit.Options{CallsPerSecond: 0.01, CallsBurst: 2}, "principal ann makes more than 0.01 calls a second"},
	} {
		t.Run(name, func(t *testing.T) {
			overAll(t, func(t *testing.T, transport transport) {
				address := transport.serve(t, admission.New(admission.Options{
					Authenticators: []authn.Authenticator{newTokens()}, Limits: test.limits,
				}))
				var refusal error
				for n := 0; n < 100 && refusal == nil; n++ {
					_, refusal = transport.connect(t, address).call(testContext(t), echo, "t-ann")
				}
				wantLimit(t, refusal, test.words)
			})
		})
	}
}

// One caller cannot have all the memory, and its next call waits until another ends.
func TestMemory(t *testing.T) {
	overAll(t, func(t *testing.T, transport transport) {
		const share = 3 // of four places in 32 MiB
		door := admission.New(admission.Options{
			Authenticators: []authn.Authenticator{newTokens()}, Memory: admission.NewMemory(admission.MinMemoryLimit),
		})
		address := transport.serve(t, door)
		open := func(token string) stream {
			t.Helper()
			s, err := transport.connect(t, address).open(testContext(t), chat, token)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		var streams []stream
		for range share {
			s := open("t-ann")
			if _, err := s.exchange(); err != nil {
				t.Fatal(err)
			}
			streams = append(streams, s)
		}
		waiting, answered := open("t-ann"), make(chan error, 1)
		go func() {
			_, err := waiting.exchange()
			answered <- err
		}()
		ben := open("t-ben")
		for range 10 {
			if name, err := ben.exchange(); err != nil || name != "ben" {
				t.Fatalf("another caller: %q, %v", name, err)
			}
		}
		if len(answered) != 0 {
			t.Error("a caller has more than its share")
		}
		for _, s := range []stream{streams[0], ben} {
			if err := s.end(); err != nil {
				t.Fatal(err)
			}
			if _, err := s.receive(); !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
		}
		if err := <-answered; err != nil {
			t.Errorf("when a call has ended: %v", err)
		}
		for _, s := range append(streams[1:], waiting) {
			if err := s.end(); err != nil {
				t.Fatal(err)
			}
			if _, err := s.receive(); !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
		}
		if !door.Memory().Idle() {
			t.Error("when all calls have ended, memory is in use")
		}
	})
}

// A connection that sends too many frames without payload is closed.
func TestControl(t *testing.T) {
	audit := &auditLog{}
	door := admission.New(admission.Options{Anonymous: true, Limits: limit.Options{FramesPerSecond: 10}, Audit: audit})
	c := lineTransport{}.connect(t, lineTransport{}.serve(t, door)).(*lineClient)
	for range 1000 {
		if c.write("ping") != nil {
			break
		}
	}
	if _, err := c.reader.ReadByte(); err == nil {
		t.Error("the connection goes on")
	}
	eventually(t, func() error {
		if audit.count("connect ", "more than 10 frames without payload a second") != 1 {
			return fmt.Errorf("the audit log has %q", audit.lines)
		}
		return nil
	})
}
