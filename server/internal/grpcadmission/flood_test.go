package grpcadmission_test

import (
	"testing"

	"golang.org/x/net/http2"

	"github.com/tranship/tranship/server/limit"
)

// A connection that floods the server is closed, and others are served meanwhile.
func TestFloods(t *testing.T) {
	for name, send := range map[string]func(a attack, i uint32) error{
		"settings":     func(a attack, _ uint32) error { return a.WriteSettings() },
		"settings ack": func(a attack, _ uint32) error { return a.WriteSettingsAck() },
		"pings":        func(a attack, _ uint32) error { return a.WritePing(false, [8]byte{}) },
		"ping acks":    func(a attack, _ uint32) error { return a.WritePing(true, [8]byte{}) },
		"empty data": func(a attack, i uint32) error {
			if i == 0 {
				return a.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: headers(a.T), EndHeaders: true})
			}
			return a.WriteData(1, false, nil)
		},
		"priorities": func(a attack, _ uint32) error {
			return a.WritePriority(1, http2.PriorityParam{StreamDep: 3, Weight: 1})
		},
		"windows": func(a attack, _ uint32) error { return a.WriteWindowUpdate(0, 1) },
		"rapid reset": func(a attack, i uint32) error {
			id := 2*i + 1
			if err := a.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: headers(a.T), EndHeaders: true}); err != nil {
				return err
			}
			return a.WriteRSTStream(id, http2.ErrCodeCancel)
		},
	} {
		t.Run(name, func(t *testing.T) {
			address := serveLimited(t, limit.Options{FramesPerSecond: 100})
			client := dial(t, address)
			a := newAttack(t, address, true)
			done := make(chan struct{})
			go func() {
				defer close(done)
				a.closed()
			}()
			sent := uint32(0)
			for ; sent < 200_000; sent++ {
				if err := send(a, sent); err != nil {
					break
				}
			}
			<-done
			if sent == 200_000 {
				t.Error("all of it was taken")
			}
			if err := check(t, client); err != nil {
				t.Error(err)
			}
		})
	}
}
