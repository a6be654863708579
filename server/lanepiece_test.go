package server_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/access/authn"
	"github.com/tranship/tranship/internal/lane"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/internal/testing/storeserver"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/server/limit"
	"github.com/tranship/tranship/store/mem"
)

// pieceParts is the size of the parts of uploads in these tests: a chunk of pieceChunk bytes has three pieces.
const pieceParts, pieceChunk = 1 << 20, 600 << 10

// wire is the client's end of a lane, of which a test sends the bytes.
type wire struct {
	t testing.TB
	net.Conn
}

// serveWire serves a store. It returns the server, and what opens a lane with a call of Upload.
func serveWire(t *testing.T, store tranship.Store, config server.Config) (*server.Server, func(metadata ...*transhipv1.LaneMetadata) wire) {
	t.Helper()
	service, listener := storeserver.New(t, store, config), listen(t)
	served := make(chan error, 1)
	go func() { served <- service.Serve(context.Background(), listener) }()
	t.Cleanup(func() {
		service.Stop()
		if err := <-served; !errors.Is(err, server.ErrStopped) {
			t.Error(err)
		}
	})
	return service, func(metadata ...*transhipv1.LaneMetadata) wire {
		t.Helper()
		conn, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		w := wire{t, conn}
		w.write([]byte(lane.Preface))
		answer := make([]byte, len(lane.Preface)+1)
		if _, err := io.ReadFull(conn, answer); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(conn, make([]byte, answer[len(lane.Preface)])); err != nil {
			t.Fatal(err)
		}
		w.write(w.frame(1, &transhipv1.LaneHeaders{Method: transhipv1.FileService_Upload_FullMethodName, Metadata: metadata}))
		return w
	}
}

func (w wire) frame(kind byte, message proto.Message) []byte {
	w.t.Helper()
	encoded, err := proto.Marshal(message)
	if err != nil {
		w.t.Fatal(err)
	}
	return append(binary.BigEndian.AppendUint32([]byte{kind}, uint32(len(encoded))), encoded...)
}

func (w wire) write(data []byte) {
	w.t.Helper()
	if _, err := w.Write(data); err != nil {
		w.t.Fatal(err)
	}
}

// begin begins or resumes an upload of size bytes in slot 1.
func (w wire) begin(mode transhipv1.Begin_Mode, size int64) {
	w.t.Helper()
	w.write(w.frame(3, &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Begin{Begin: &transhipv1.Begin{
		Slot: 1, Path: "f", Size: &size, Keep: true, ResumeKey: "key", Mode: mode,
	}}}))
}

func (w wire) join(slot uint64, begun *transhipv1.Begun) {
	w.t.Helper()
	w.write(w.frame(3, &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Begin{Begin: &transhipv1.Begin{
		Slot: slot, Mode: transhipv1.Begin_MODE_JOIN, UploadId: begun.GetUploadId(), Epoch: begun.GetEpoch(),
	}}}))
}

func (w wire) finish(slot uint64) {
	w.t.Helper()
	w.write(w.frame(3, &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Finish{Finish: &transhipv1.Finish{Slot: slot}}}))
}

// chunk returns a message with a chunk whose checksum is correct, plus wrong.
func (w wire) chunk(slot uint64, offset int64, data []byte, wrong uint32) []byte {
	w.t.Helper()
	return w.frame(3, &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Chunk{Chunk: &transhipv1.Chunk{
		Slot: slot, Offset: &offset, Data: data, Crc32C: new(tranship.CRC32C(data) + wrong),
	}}})
}

// next returns the next reply that is no progress, or the status of the call.
func (w wire) next() (*transhipv1.UploadResponse, *transhipv1.LaneStatus) {
	w.t.Helper()
	for {
		header := make([]byte, 5)
		if _, err := io.ReadFull(w, header); err != nil {
			w.t.Fatal(err)
		}
		body := make([]byte, binary.BigEndian.Uint32(header[1:]))
		if _, err := io.ReadFull(w, body); err != nil {
			w.t.Fatal(err)
		}
		response, status := &transhipv1.UploadResponse{}, &transhipv1.LaneStatus{}
		switch header[0] {
		case 3:
			if err := proto.Unmarshal(body, response); err != nil {
				w.t.Fatal(err)
			}
			if response.GetProgress() == nil && response.GetKeepAlive() == nil {
				return response, nil
			}
		case 5:
			if err := proto.Unmarshal(body, status); err != nil {
				w.t.Fatal(err)
			}
			return nil, status
		}
	}
}

// begun returns the reply to a begin, and fails the test for another one.
func (w wire) begun() *transhipv1.Begun {
	w.t.Helper()
	response, status := w.next()
	if response.GetBegun() == nil {
		w.t.Fatalf("got %v, %v", response, status)
	}
	return response.GetBegun()
}

// beginSlot begins an upload of four parts in slot 1, and returns the slot to write to: that one, or
// another that has joined it.
func (w wire) beginSlot(joined bool) (slot uint64) {
	w.t.Helper()
	w.begin(transhipv1.Begin_MODE_NEW, 4*pieceParts)
	begun := w.begun()
	if !joined {
		return 1
	}
	w.join(2, begun)
	w.begun()
	return 2
}

// resumed returns how many parts of the upload are durable.
func resumed(w wire) int {
	w.t.Helper()
	w.begin(transhipv1.Begin_MODE_RESUME, 4*pieceParts)
	return len(w.begun().GetDurable())
}

// A chunk with a wrong checksum, which follows its bytes, fails its slot, and nothing of it
// becomes part of the file: not a part that its bytes would have made whole, and no progress.
func TestWrongChecksumInPieces(t *testing.T) {
	data := bytes.Repeat([]byte("x"), pieceParts)
	for name, test := range map[string]struct {
		offset int64 // of the second chunk, which is wrong; the first precedes it
		data   []byte
		whole  int // parts that are whole before
	}{
		"a part":              {0, data, 0},
		"half a part":         {0, data[:pieceChunk], 0},
		"the rest of a part":  {pieceChunk, data[:pieceParts-pieceChunk], 0},
		"across parts":        {pieceChunk, data[:pieceChunk], 0},
		"after a whole part":  {pieceParts, data[:pieceChunk], 1},
		"after another chunk": {300 << 10, data[:pieceChunk], 0},
	} {
		for _, joined := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				store := &mem.Store{PartSize: pieceParts}
				service, open := serveWire(t, store, server.Config{})
				w := open()
				slot := w.beginSlot(joined)
				w.write(w.chunk(slot, 0, data[:test.offset], 0))
				w.write(w.chunk(slot, test.offset, test.data, 1))
				w.finish(slot)
				response, status := w.next()
				if err := rpcstatus.FromProto(response.GetFailed().GetStatus()); !errors.Is(err, tranship.ErrIntegrity) {
					t.Fatalf("got %v, %v", response, status)
				}
				w.write([]byte{4, 0, 0, 0, 0})
				if _, status := w.next(); status == nil && !joined {
					t.Error("the call goes on")
				}
				_ = w.Close()
				awaitIdle(t, service)
				if got := resumed(open()); got != test.whole {
					t.Errorf("%d parts are durable, want %d", got, test.whole)
				}
			})
		}
	}
}

// A client that is lost within a message loses only parts that were not whole.
func TestLostInPieces(t *testing.T) {
	data := bytes.Repeat([]byte("x"), pieceParts)
	for name, arrived := range map[string]int{"in the first piece": 1000, "in the second": 300 << 10, "before the checksum": pieceParts} {
		for _, joined := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				store := &mem.Store{PartSize: pieceParts}
				service, open := serveWire(t, store, server.Config{})
				w := open()
				slot := w.beginSlot(joined)
				w.write(w.chunk(slot, 0, data, 0))
				w.write(w.chunk(slot, pieceParts, data, 0)[:arrived])
				_ = w.Close()
				awaitIdle(t, service)
				if got := resumed(open()); got != 1 {
					t.Errorf("%d parts are durable, want 1", got)
				}
			})
		}
	}
}

// While other uploads hold all memory for payload, a piece that has come waits, and so does the rest
// of the message.
func TestMemoryInPieces(t *testing.T) {
	store := &mem.Store{PartSize: pieceParts}
	service, open := serveWire(t, store, server.Config{MemoryLimit: server.MinMemoryLimit})
	const all = server.MinMemoryLimit / 32
	if !service.Memory().TryHold(all) {
		t.Fatal("memory is in use")
	}
	data := bytes.Repeat([]byte("x"), 3*pieceChunk)
	w := open()
	w.begin(transhipv1.Begin_MODE_NEW, int64(len(data)))
	w.begun()
	for offset := 0; offset < len(data); offset += pieceChunk { // the second crosses the end of a part
		w.write(w.chunk(1, int64(offset), data[offset:][:pieceChunk], 0))
	}
	w.finish(1)
	replied := make(chan *transhipv1.UploadResponse, 1)
	go func() {
		response, _ := w.next()
		replied <- response
	}()
	select {
	case response := <-replied:
		t.Errorf("without memory: %v", response)
	case <-time.After(100 * time.Millisecond): // not a time in which something happens
	}
	service.Memory().Drop(all)
	if response := <-replied; response.GetFinished().GetFile().GetSize() != int64(len(data)) {
		t.Errorf("got %v", response)
	}
	if file, err := store.Stat(t.Context(), "f"); err != nil || *file.CRC32C != tranship.CRC32C(data) {
		t.Errorf("%+v, %v", file, err)
	}
}

// A client that stops within a message is ended as a slow one, and its upload can be resumed.
func TestSlowInPieces(t *testing.T) {
	for _, joined := range []bool{false, true} {
		store := &mem.Store{PartSize: pieceParts}
		_, open := serveWire(t, store, server.Config{Limits: limit.Options{MinRate: 1000, MinRateWindow: slowWindow}})
		w := open()
		slot := w.beginSlot(joined)
		data := bytes.Repeat([]byte("x"), pieceParts)
		w.write(w.chunk(slot, 0, data, 0))
		w.write(w.chunk(slot, pieceParts, data, 0)[:300<<10])
		response, _ := w.next()
		for response.GetFailed().GetSlot() != 1 { // another has ended with it, or was begun
			response, _ = w.next()
		}
		named(t, rpcstatus.FromProto(response.GetFailed().GetStatus()), tranship.LimitMinRate)
		_ = w.Close()
		if got := resumed(open()); got != 1 {
			t.Errorf("%d parts are durable, want 1", got)
		}
	}
}

// revocable knows a token until revoked is closed.
type revocable struct{ revoked chan struct{} }

func (r revocable) Authenticate(context.Context, authn.Credentials) (authn.Identity, error) {
	select {
	case <-r.revoked:
		return authn.Identity{}, tranship.ErrUnauthenticated
	default:
		return authn.Identity{Principal: access.Principal{Name: "ann"}}, nil
	}
}

// Credentials that are revoked within a message end the call then, not after the message.
func TestRevokedInPieces(t *testing.T) {
	store, who := &mem.Store{PartSize: pieceParts}, revocable{make(chan struct{})}
	service, open := serveWire(t, store, server.Config{
		Anonymous: server.AnonymousNone, Authenticators: []authn.Authenticator{who}, Recheck: time.Millisecond, Insecure: true,
	})
	w := open(&transhipv1.LaneMetadata{Key: "authorization", Value: []byte("Bearer token")})
	w.begin(transhipv1.Begin_MODE_NEW, 4*pieceParts)
	w.begun()
	w.write(w.chunk(1, 0, make([]byte, pieceParts), 0)[:300<<10])
	close(who.revoked)
	response, status := w.next()
	for status == nil {
		t.Logf("a reply: %v", response)
		response, status = w.next()
	}
	if code := codes.Code(status.GetStatus().GetCode()); code != codes.Unauthenticated {
		t.Errorf("the call has ended with %v", code)
	}
	awaitIdle(t, service)
}
