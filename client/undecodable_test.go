package client_test

import (
	"errors"
	"testing"

	"google.golang.org/grpc"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/internal/testing/loopback"
	"github.com/tranship/tranship/internal/wire"
)

// TestUndecodable checks that an undecodable reply to any call is a final error, because the
// next reply would not be better.
func TestUndecodable(t *testing.T) {
	fields := make([]byte, 0, 3*(wire.MaxFields+1))
	for range wire.MaxFields + 1 {
		fields = append(fields, 0xf8, 0x7f, 0) // field 2047 is 0
	}
	for name, answer := range map[string][]byte{
		"no message":      {0xff, 0xff, 0xff},
		"too many fields": fields,
		"too large":       make([]byte, wire.DefaultMaxMessageBytes+1),
	} {
		address := loopback.Serve(t, func(grpc.ServiceRegistrar) {},
			grpc.UnknownServiceHandler(replay([][]byte{answer})), grpc.ForceServerCodec(rawCodec{}))
		conn, err := client.DialConn(t.Context(), address, client.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		files := client.New(conn)
		defer files.Close()
		for call, do := range map[string]func() error{
			"Dial": func() error {
				connected, err := client.Dial(t.Context(), address, client.Options{})
				if err == nil {
					_ = connected.Close()
				}
				return err
			},
			"Stat": func() error { _, err := files.Stat(t.Context(), "a"); return err },
			"List": func() (last error) {
				for _, err := range files.List(t.Context(), tranship.ListOptions{}) {
					last = err
				}
				return last
			},
			"ListUploads": func() (last error) {
				for _, err := range files.ListUploads(t.Context(), "") {
					last = err
				}
				return last
			},
			"Begin": func() error { _, err := files.Begin(t.Context(), tranship.Spec{Path: "a"}); return err },
			"Put":   func() error { _, err := files.Put(t.Context(), tranship.Spec{Path: "a"}, nil); return err },
			"Open":  func() error { _, err := read(t, files); return err },
			"Fetch": func() error { _, err := fetch(t, files); return err },
		} {
			err := do()
			if class := failure.Of(t.Context(), err); err == nil || class != failure.Final || errors.Is(err, tranship.ErrUnavailable) {
				t.Errorf("%s, %s: %v, which is %v", name, call, err, class)
			}
			if name != "too large" && !errors.Is(err, tranship.ErrIntegrity) {
				t.Errorf("%s, %s: %v, want ErrIntegrity", name, call, err)
			}
		}
	}
}
