//go:build linux

package attack

import (
	"testing"

	"golang.org/x/net/http2"
)

// openCalls begins n calls on a connection, and sends some data on each, which may be an
// incomplete message.
func openCalls(n int, method string, data []byte) func(f *frames) error {
	return func(f *frames) error {
		for stream := uint32(1); stream < uint32(2*n); stream += 2 {
			err := f.open(stream, method, false)
			if err == nil && data != nil {
				err = f.WriteData(stream, false, data)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
}

// standing opens connections that are closed when the test ends.
func standing(t testing.TB, s *site, n int, use func(f *frames) error, settings ...http2.Setting) {
	t.Helper()
	for range n {
		f := s.frames(t, settings...)
		f.drain()
		if err := use(f); err != nil && !refused(err) {
			t.Error(err)
		}
	}
}

// TestSlowClients has hundreds of clients that stop sending in the middle of a chunk, or
// request files and do not read, all from one address. Others are served at once.
func TestSlowClients(t *testing.T) {
	s := newSite(t)
	begun, _ := s.resident(t)
	const begin = "\x0a\x07\x08\x01\x1a\x03new" // of slot 1, path new
	half := append(message([]byte(begin)), 0, 0, 1, 0, 0, 'x')
	standing(t, s, 3, openCalls(100, uploadMethod, half))
	standing(t, s, 3, openCalls(100, "/FileSrv/UploadFile", []byte{0, 0, 1, 0, 0, 'x'}))
	standing(t, s, 3, openCalls(100, "/FileTransfer.FileService/Upload", []byte{0, 0, 1, 0, 0, 'x'}))
	open := message([]byte{0x0a, 8, 0x08, 1, 0x12, 4, 'f', 'i', 'l', 'e'})
	standing(t, s, 3, openCalls(100, downloadMethod, open), http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
	s.serves(t)
	s.bounded(t, begun, 256<<20)
	s.unchanged(t)
}
