//go:build linux

package attack

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/tranship/tranship/internal/testing/raced"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// TestRapidReset begins calls and resets them at once, far more than the limit of
// concurrent calls.
func TestRapidReset(t *testing.T) {
	s := newSite(t)
	begun, _ := s.resident(t)
	var attackers sync.WaitGroup
	for _, method := range []string{statMethod, uploadMethod, downloadMethod, "/FileSrv/UploadFile"} {
		attackers.Go(func() {
			f := s.frames(t)
			f.drain()
			for n := range uint32(raced.Times(10_000)) {
				err := f.open(2*n+1, method, false)
				if err == nil {
					err = f.WriteRSTStream(2*n+1, http2.ErrCodeCancel)
				}
				if err != nil {
					if !refused(err) {
						t.Errorf("%s, after %d: %v", method, n, err)
					}
					return
				}
			}
		})
	}
	attackers.Wait()
	s.serves(t)
	s.bounded(t, begun, 256<<20)
}

// TestEmptyStreams opens more calls than a connection may have, on several connections,
// and sends no messages.
func TestEmptyStreams(t *testing.T) {
	s := newSite(t)
	begun, _ := s.resident(t)
	for _, method := range []string{statMethod, transhipv1.FileService_List_FullMethodName, "/grpc.health.v1.Health/Watch", "/no.such/Method"} {
		f := s.frames(t)
		f.drain()
		for n := range uint32(raced.Times(5000)) {
			if err := f.open(2*n+1, method, false); err != nil {
				if !refused(err) {
					t.Errorf("%s, after %d: %v", method, n, err)
				}
				break
			}
		}
	}
	s.serves(t)
	s.bounded(t, begun, 256<<20)
}

// TestHeaderBombs sends endless headers: many, large, and small ones that refer to large
// entries of the compression table.
func TestHeaderBombs(t *testing.T) {
	const enough = 64 << 20
	for name, bomb := range map[string]func(f *frames) error{
		"large headers": func(f *frames) error {
			block := f.fields(statMethod, hpack.HeaderField{Name: "x-large", Value: strings.Repeat("x", 1<<20), Sensitive: true})
			for stream := uint32(1); stream < 2*enough>>20; stream += 2 {
				if err := f.writeBlock(stream, block); err != nil {
					return err
				}
			}
			return nil
		},
		"many headers": func(f *frames) error {
			var fields []hpack.HeaderField
			for range 100_000 {
				fields = append(fields, hpack.HeaderField{Name: "x", Value: "y"})
			}
			block := f.fields(statMethod, fields...)
			for stream := uint32(1); stream < 200; stream += 2 {
				if err := f.writeBlock(stream, block); err != nil {
					return err
				}
			}
			return nil
		},
		"entries of the table": func(f *frames) error {
			// One entry of 4 KiB, and then one byte for each reference.
			f.fields(statMethod, hpack.HeaderField{Name: "x", Value: strings.Repeat("x", 3900)})
			first := bytes.Clone(f.block.Bytes())
			if err := f.writeBlock(1, first); err != nil {
				return err
			}
			for stream := uint32(3); stream < 20; stream += 2 {
				block := append(f.fields(statMethod), bytes.Repeat([]byte{0x80 | 62}, 1<<20)...)
				if err := f.writeBlock(stream, block); err != nil {
					return err
				}
			}
			return nil
		},
		"headers that do not end": func(f *frames) error {
			block := f.fields(statMethod)
			if err := f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block}); err != nil {
				return err
			}
			f.block.Reset()
			for f.block.Len() < 16<<10-100 {
				_ = f.headers.WriteField(hpack.HeaderField{Name: "x", Value: strings.Repeat("z", 50), Sensitive: true})
			}
			for range enough / f.block.Len() {
				if err := f.WriteContinuation(1, false, f.block.Bytes()); err != nil {
					return err
				}
			}
			return nil
		},
		"headers that do not end, empty": func(f *frames) error {
			if err := f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: f.fields(statMethod)}); err != nil {
				return err
			}
			for range raced.Times(50_000) {
				if err := f.WriteContinuation(1, false, nil); err != nil {
					return err
				}
			}
			return nil
		},
		"a table of 4 GiB": func(f *frames) error {
			if err := f.WriteSettings(http2.Setting{ID: http2.SettingHeaderTableSize, Val: 1<<32 - 1}); err != nil {
				return err
			}
			block := append([]byte{0x3f, 0xe1, 0xff, 0xff, 0xff, 0x0f}, f.fields(statMethod)...)
			return f.writeBlock(1, block)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			begun, _ := s.resident(t)
			var attackers sync.WaitGroup
			for range 4 {
				attackers.Go(func() {
					f := s.frames(t)
					f.drain()
					if err := bomb(f); err != nil && !refused(err) {
						t.Error(err)
					}
				})
			}
			attackers.Wait()
			s.serves(t)
			s.bounded(t, begun, 256<<20)
		})
	}
}

// writeBlock sends the header of a call in as many frames as it needs.
func (f *frames) writeBlock(stream uint32, block []byte) error {
	const most = 16 << 10
	first := block[:min(len(block), most)]
	rest := block[len(first):]
	err := f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: first, EndHeaders: len(rest) == 0})
	for err == nil && len(rest) > 0 {
		next := rest[:min(len(rest), most)]
		rest = rest[len(next):]
		err = f.WriteContinuation(stream, len(rest) == 0, next)
	}
	return err
}

// TestFloods sends frames that the server must answer, or that cost more to handle than
// to send, without reading the answers.
func TestFloods(t *testing.T) {
	for name, write := range map[string]func(f *frames, n uint32) error{
		"pings": func(f *frames, n uint32) error { return f.WritePing(false, [8]byte{byte(n)}) },
		"settings": func(f *frames, n uint32) error {
			return f.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: n})
		},
		"empty data":     func(f *frames, _ uint32) error { return f.WriteData(1, false, nil) },
		"window updates": func(f *frames, _ uint32) error { return f.WriteWindowUpdate(0, 1) },
		"priorities": func(f *frames, n uint32) error {
			return f.WritePriority(2*n+1, http2.PriorityParam{StreamDep: 2*n + 3, Weight: 255})
		},
		"resets of unknown streams": func(f *frames, n uint32) error { return f.WriteRSTStream(2*n+1, http2.ErrCodeCancel) },
		"frames of an unknown type": func(f *frames, _ uint32) error { return f.WriteRawFrame(0xfa, 0, 0, []byte("?")) },
		"empty messages":            func(f *frames, _ uint32) error { return f.WriteData(1, false, message(nil)) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			begun, _ := s.resident(t)
			f := s.frames(t)
			if err := f.conn.SetDeadline(time.Now().Add(2 * time.Second)); err != nil {
				t.Fatal(err)
			}
			err := f.open(1, uploadMethod, false)
			n := uint32(0)
			for ; n < uint32(raced.Times(50_000)) && err == nil; n++ {
				err = write(f, n)
			}
			t.Logf("%d frames, then %v", n, err)
			s.serves(t)
			s.bounded(t, begun, 128<<20)
		})
	}
}
