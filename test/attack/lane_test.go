//go:build linux

package attack

import (
	"encoding/binary"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/tranship/tranship/internal/lane"
	"github.com/tranship/tranship/internal/testing/raced"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// laneFrame returns a frame of a lane that says it has length bytes more than payload.
func laneFrame(kind byte, payload []byte, length int) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{kind}, uint32(len(payload)+length)), payload...)
}

// laneHeaders returns the frame that begins a call.
func laneHeaders(method string, metadata ...string) ([]byte, error) {
	headers := &transhipv1.LaneHeaders{Method: method}
	for i := 0; i < len(metadata); i += 2 {
		headers.Metadata = append(headers.Metadata, &transhipv1.LaneMetadata{Key: metadata[i], Value: []byte(metadata[i+1])})
	}
	encoded, err := proto.Marshal(headers)
	return laneFrame(1, encoded, 0), err
}

// lane opens a lane of an attacker that has read the server's preface.
func (s *site) lane(t testing.TB) net.Conn {
	t.Helper()
	conn := s.connect(t)
	if _, err := io.WriteString(conn, lane.Preface); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, len(lane.Preface)+1)
	if _, err := io.ReadFull(conn, answer); err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(io.Discard, conn, int64(answer[len(answer)-1])); err != nil {
		t.Fatal(err)
	}
	return conn
}

// TestLanes sends on many lanes what would cost the server much if it took it, and holds them
// open. The server serves others meanwhile, and its memory is bounded.
func TestLanes(t *testing.T) {
	begin := func(method string, metadata ...string) []byte {
		frame, err := laneHeaders(method, metadata...)
		if err != nil {
			t.Fatal(err)
		}
		return frame
	}
	upload, metadata := begin(uploadMethod), begin(uploadMethod, "x", strings.Repeat("x", 16<<10))
	large := laneFrame(3, make([]byte, 64<<10), 1<<20)
	for name, attack := range map[string]func(conn net.Conn) error{
		"nothing": func(net.Conn) error { return nil },
		"half of the headers": func(conn net.Conn) error {
			_, err := conn.Write(upload[:len(upload)-1])
			return err
		},
		"large headers": func(conn net.Conn) error {
			_, err := conn.Write(metadata)
			return err
		},
		"half of a message": func(conn net.Conn) error {
			_, err := conn.Write(append(upload[:len(upload):len(upload)], large...))
			return err
		},
		"half of a message of an unknown call": func(conn net.Conn) error {
			_, err := conn.Write(append(begin("/no.such/Method"), large...))
			return err
		},
		"calls that are cancelled": func(conn net.Conn) error {
			for range raced.Times(2000) {
				if _, err := conn.Write(append(upload[:len(upload):len(upload)], laneFrame(6, nil, 0)...)); err != nil {
					return err
				}
			}
			return nil
		},
		"pings whose answers are not read": func(conn net.Conn) error {
			ping := laneFrame(7, make([]byte, 8), 0)
			for range raced.Times(25_000) {
				if _, err := conn.Write(ping); err != nil {
					return err
				}
			}
			return nil
		},
		"a message of 2 GiB": func(conn net.Conn) error {
			_, err := conn.Write(append(upload[:len(upload):len(upload)], laneFrame(3, make([]byte, 64<<10), 2<<30-64<<10)...))
			return err
		},
		"downloads that are not read": func(conn net.Conn) error {
			open := laneFrame(3, []byte{0x0a, 9, 0x08, 1, 0x12, 5, 'l', 'a', 'r', 'g', 'e'}, 0)
			_, err := conn.Write(append(begin(downloadMethod), open...))
			return err
		},
		"a cancelled download that is not read": func(conn net.Conn) error {
			open := laneFrame(3, []byte{0x0a, 9, 0x08, 1, 0x12, 5, 'l', 'a', 'r', 'g', 'e'}, 0)
			_, err := conn.Write(append(append(begin(downloadMethod), open...), laneFrame(6, nil, 0)...))
			return err
		},
		"a call, and then nothing": func(conn net.Conn) error {
			_, err := conn.Write(upload)
			return err
		},
		"empty messages": func(conn net.Conn) error {
			if _, err := conn.Write(upload); err != nil {
				return err
			}
			for range raced.Times(25_000) {
				if _, err := conn.Write(laneFrame(3, nil, 0)); err != nil {
					return err
				}
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := prepareSite(t)
			s.write(t, "root/large", strings.Repeat("x", 8<<20))
			s.start(t)
			begun, _ := s.resident(t)
			var attackers sync.WaitGroup
			for range 100 {
				conn := s.lane(t)
				attackers.Go(func() {
					if err := attack(conn); err != nil && !refused(err) {
						t.Error(err)
					}
				})
			}
			attackers.Wait()
			s.serves(t)
			s.bounded(t, begun, 64<<20)
		})
	}
}
