package server_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/proto"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/storeserver"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/disk"
	"github.com/tranship/tranship/store/mem"
)

// FuzzMessages sends any sequence of messages, most of them as they should be, on
// several streams of one server, and calls other methods meanwhile. Whatever comes,
// each slot has its one terminal reply, a client that means no harm is served
// afterwards, and in the end nothing is left: no call, no payload, no goroutine.
func FuzzMessages(f *testing.F) {
	for seed := range uint64(120) {
		random := rand.New(rand.NewPCG(seed, 0))
		play := make([]byte, 40+2*seed)
		for i := range play {
			play[i] = byte(random.Uint32())
		}
		f.Add(play)
	}
	f.Fuzz(func(t *testing.T, play []byte) {
		p := newPlay(t, play)
		for range 120 {
			if len(p.script) == 0 {
				break
			}
			p.act()
		}
		p.end()
	})
}

// play is one run: a server, and clients that follow a script.
type play struct {
	t      *testing.T
	ctx    context.Context
	script []byte

	memory *server.Memory
	grpc   *grpc.Server
	conn   *grpc.ClientConn
	client transhipv1.FileServiceClient
	closes []func()

	uploads   []*scriptStream
	downloads []*scriptStream
	unary     sync.WaitGroup

	mu sync.Mutex
	// begun are uploads that a server told of, of any stream.
	begun []*transhipv1.Begun
}

// scriptStream is a stream and what is to be expected of it.
type scriptStream struct {
	grpc.ClientStream
	cancel context.CancelFunc
	// last is the greatest slot so far, and slots are how many terminal replies each
	// may have at most; the least is one.
	last  uint64
	slots map[uint64]int
	// vague: something was sent that may be anything.
	vague bool

	// These are set when done is closed.
	done      chan struct{}
	terminals map[uint64]int
	err       error
}

func newPlay(t *testing.T, script []byte) *play {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	p := &play{t: t, ctx: ctx, script: script}
	store := p.store()
	for path, size := range map[string]int{"a": 10, "dir/b": 100_000} {
		if _, err := store.Put(ctx, tranship.Spec{Path: path}, make([]byte, size)); err != nil {
			t.Fatal(err)
		}
	}
	service := storeserver.New(t, store, server.Config{MemoryLimit: server.MinMemoryLimit})
	p.memory = service.Memory()
	p.grpc = grpc.NewServer(server.GRPCOptions(server.Config{})...)
	service.Mount(p.grpc)
	listener := bufconn.Listen(1 << 20)
	served := make(chan error, 1)
	go func() { served <- p.grpc.Serve(listener) }()
	conn, err := grpc.NewClient("passthrough:///script", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	p.conn, p.client = conn, transhipv1.NewFileServiceClient(conn)
	p.closes = append(p.closes, func() {
		cancel()
		conn.Close()
		p.grpc.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	p.uploads = []*scriptStream{p.open(transhipv1.FileService_Upload_FullMethodName), p.open(transhipv1.FileService_Upload_FullMethodName)}
	p.downloads = []*scriptStream{p.open(transhipv1.FileService_Download_FullMethodName)}
	return p
}

// store is one in memory mostly, for that is faster.
func (p *play) store() tranship.Store {
	if p.next(8) != 0 {
		return &mem.Store{}
	}
	store, err := disk.Open(p.t.TempDir(), disk.Options{Durability: tranship.DurabilityWritten})
	if err != nil {
		p.t.Fatal(err)
	}
	p.closes = append(p.closes, func() {
		if err := store.Close(); err != nil {
			p.t.Error(err)
		}
	})
	return store
}

// next is a number below n; 0 when the script has ended.
func (p *play) next(n int) int {
	if len(p.script) == 0 {
		return 0
	}
	first := p.script[0]
	p.script = p.script[1:]
	return int(first) % n
}

func (p *play) open(method string) *scriptStream {
	ctx, cancel := context.WithCancel(p.ctx)
	stream, err := p.conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, method, grpc.ForceCodec(raw{}))
	if err != nil {
		p.t.Fatal(err)
	}
	s := &scriptStream{ClientStream: stream, cancel: cancel, slots: map[uint64]int{}, terminals: map[uint64]int{}, done: make(chan struct{})}
	go func() {
		defer close(s.done)
		s.err = p.receive(s, method == transhipv1.FileService_Upload_FullMethodName)
	}()
	return s
}

// receive counts terminal replies until the stream ends.
func (p *play) receive(s *scriptStream, upload bool) error {
	for {
		var data []byte
		if err := s.RecvMsg(&data); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if upload {
			reply := &transhipv1.UploadResponse{}
			if err := proto.Unmarshal(data, reply); err != nil {
				return err
			}
			switch reply := reply.GetResponse().(type) {
			case *transhipv1.UploadResponse_Begun:
				p.mu.Lock()
				p.begun = append(p.begun, reply.Begun)
				p.mu.Unlock()
			case *transhipv1.UploadResponse_Finished:
				s.terminals[reply.Finished.GetSlot()]++
			case *transhipv1.UploadResponse_Failed:
				s.terminals[reply.Failed.GetSlot()]++
			}
			continue
		}
		reply := &transhipv1.DownloadResponse{}
		if err := proto.Unmarshal(data, reply); err != nil {
			return err
		}
		switch reply := reply.GetResponse().(type) {
		case *transhipv1.DownloadResponse_Done:
			s.terminals[reply.Done.GetSlot()]++
		case *transhipv1.DownloadResponse_Failed:
			s.terminals[reply.Failed.GetSlot()]++
		}
	}
}

// send sends a message, now and then with an error in it.
func (p *play) send(s *scriptStream, message proto.Message) {
	data, err := proto.Marshal(message)
	if err != nil {
		p.t.Fatal(err)
	}
	switch p.next(24) {
	case 1:
		s.vague = true
		if len(data) > 0 {
			data[p.next(len(data))] ^= byte(1 << p.next(8))
		}
	case 2:
		s.vague = true
		data = data[:p.next(len(data)+1)]
	}
	_ = s.SendMsg(data) // It may have ended; what was wrong is in what is received.
}

// begins notes a message that uses a slot for the first time, or ought to.
func (s *scriptStream) begins(slot uint64) {
	s.slots[slot]++ // A slot that is used again fails, once more if it had ended.
	s.last = max(s.last, slot)
}

// continues notes a message for a slot that ought to be there.
func (s *scriptStream) continues(slot uint64) {
	if slot == 0 || slot > s.last {
		s.begins(slot)
	}
}

func (p *play) path() string {
	return []string{"a", "b", "dir/b", "dir/c", "a/below", "dir", "../x", ".tranship/x", ""}[p.next(9)]
}

// slot is the next, or one there may be, or 0, or one far ahead.
func (p *play) slot(s *scriptStream, isNew bool) uint64 {
	n := p.next(16)
	switch {
	case n == 0:
		return uint64(p.next(3))
	case n == 1:
		return s.last + 3
	case isNew:
		return s.last + 1
	default:
		return s.last - min(s.last, uint64(p.next(4)))
	}
}

func (p *play) data() []byte {
	size := []int{0, 1, 100, 4096, 100_000, 10, 10, tranship.MaxPutBytes + 1}[p.next(8)]
	return bytes.Repeat([]byte{byte(p.next(256))}, size)
}

func (p *play) number() int64 {
	return []int64{0, 1, 10, 100, 100_000, 1 << 20, -1, math.MaxInt64, math.MinInt64, 200}[p.next(10)]
}

// maybe is nil as often as not.
func maybe[T any](p *play, value func() T) *T {
	if p.next(2) == 0 {
		return nil
	}
	v := value()
	return &v
}

// crc is that of data, mostly.
func (p *play) crc(data []byte) *uint32 {
	switch p.next(8) {
	case 0, 1, 2:
		return nil
	case 3:
		return new(uint32(7))
	default:
		return new(tranship.CRC32C(data))
	}
}

func (p *play) condition() *transhipv1.Precondition {
	switch p.next(6) {
	case 1:
		return &transhipv1.Precondition{Condition: &transhipv1.Precondition_MustNotExist{MustNotExist: true}}
	case 2:
		return &transhipv1.Precondition{Condition: &transhipv1.Precondition_MustMatchVersion{MustMatchVersion: "1"}}
	default:
		return nil
	}
}

// known is an upload that a server told of, or none.
func (p *play) known() *transhipv1.Begun {
	n := p.next(4)
	p.mu.Lock()
	defer p.mu.Unlock()
	if n >= len(p.begun) {
		return &transhipv1.Begun{UploadId: "no such upload", Epoch: 1}
	}
	return p.begun[len(p.begun)-1-n]
}

// act does the next thing.
func (p *play) act() {
	up := p.uploads[p.next(len(p.uploads))]
	down := p.downloads[0]
	switch p.next(16) {
	case 0, 1, 2:
		p.begin(up)
	case 3, 4, 5, 6:
		slot, data := p.slot(up, false), p.data()
		up.continues(slot)
		p.send(up, &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Chunk{Chunk: &transhipv1.Chunk{
			Slot: slot, Data: data, Offset: maybe(p, p.number), Crc32C: p.crc(data),
		}}})
	case 7, 8:
		slot := p.slot(up, false)
		up.continues(slot)
		p.send(up, &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Finish{Finish: &transhipv1.Finish{
			Slot: slot, Size: maybe(p, p.number), Crc32C: maybe(p, func() uint32 { return 7 }),
		}}})
	case 9:
		slot := p.slot(up, false)
		up.continues(slot)
		p.send(up, &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Cancel{Cancel: &transhipv1.Cancel{Slot: slot}}})
	case 10, 11:
		slot, data := p.slot(up, true), p.data()
		up.begins(slot)
		p.send(up, &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Put{Put: &transhipv1.Put{
			Slot: slot, Path: p.path(), Data: data, Crc32C: p.crc(data), Precondition: p.condition(),
		}}})
	case 12:
		slot := p.slot(up, false)
		up.continues(slot)
		p.send(up, &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_CopyPart{CopyPart: &transhipv1.CopyPart{
			Slot: slot, Offset: p.number(), SourcePath: p.path(), SourceOffset: p.number(), Crc32C: p.crc(make([]byte, 10)),
		}}})
	case 13, 14:
		slot := p.slot(down, true)
		down.begins(slot)
		p.send(down, &transhipv1.DownloadRequest{Request: &transhipv1.DownloadRequest_Open{Open: &transhipv1.Open{
			Slot: slot, Path: p.path(), Offset: maybe(p, p.number), Length: maybe(p, p.number),
		}}})
		if p.next(4) == 1 {
			p.send(down, &transhipv1.DownloadRequest{Request: &transhipv1.DownloadRequest_Cancel{Cancel: &transhipv1.Cancel{Slot: slot}}})
		}
	default:
		p.other()
	}
}

func (p *play) begin(up *scriptStream) {
	slot := p.slot(up, true)
	begin := &transhipv1.Begin{
		Slot: slot, Mode: transhipv1.Begin_Mode(p.next(5)), Path: p.path(), Size: maybe(p, p.number), Keep: p.next(2) == 1,
		ResumeKey: []string{"", "key", "key", "other"}[p.next(4)], Precondition: p.condition(),
	}
	if begin.Mode == transhipv1.Begin_MODE_JOIN {
		known := p.known()
		begin.UploadId, begin.Epoch = known.GetUploadId(), known.GetEpoch()
	}
	up.begins(slot)
	p.send(up, &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Begin{Begin: begin}})
}

// other calls a method that is no transfer, and does not wait for it.
func (p *play) other() {
	path, to, condition, id := p.path(), p.path(), p.condition(), p.known().GetUploadId()
	calls := []func(){
		func() { _, _ = p.client.Stat(p.ctx, &transhipv1.StatRequest{Path: path}) },
		func() {
			_, _ = p.client.Delete(p.ctx, &transhipv1.DeleteRequest{Path: path, Precondition: condition})
		},
		func() {
			_, _ = p.client.Move(p.ctx, &transhipv1.MoveRequest{SourcePath: path, DestinationPath: to, Precondition: condition})
		},
		func() {
			_, _ = p.client.Copy(p.ctx, &transhipv1.CopyRequest{SourcePath: path, DestinationPath: to, Precondition: condition})
		},
		func() {
			_, _ = p.client.AbortUpload(p.ctx, &transhipv1.AbortUploadRequest{UploadId: id})
		},
		func() {
			_, _ = p.client.SetAttributes(p.ctx, &transhipv1.SetAttributesRequest{Path: path, Attributes: &transhipv1.Attributes{Mode: new(uint32(0o600))}})
		},
	}
	p.unary.Go(calls[p.next(len(calls))])
}

// end ends every stream in some way, and looks at what is left.
func (p *play) end() {
	for _, s := range slices.Concat(p.uploads, p.downloads) {
		whole := p.next(4) != 1
		if whole {
			_ = s.CloseSend()
		} else {
			s.cancel()
		}
		select {
		case <-s.done:
		case <-p.ctx.Done():
			p.t.Fatalf("a stream has not ended:\n%s", stacks())
		}
		s.cancel()
		p.checkReplies(s, whole)
	}
	p.unary.Wait()
	p.serves()

	p.grpc.GracefulStop()
	if !p.memory.Idle() {
		p.t.Error("memory is counted that nobody has")
	}
	for _, closes := range slices.Backward(p.closes) {
		closes()
	}
	deadline := time.Now().Add(10 * time.Second)
	for strings.Contains(stacks(), "tranship/server.(") {
		if time.Now().After(deadline) {
			p.t.Fatalf("goroutines are left:\n%s", stacks())
		}
		runtime.Gosched()
	}
}

// checkReplies compares the terminal replies with what was asked for.
func (p *play) checkReplies(s *scriptStream, whole bool) {
	if s.vague {
		return
	}
	for slot, n := range s.terminals {
		if slot != 0 && n > s.slots[slot] {
			p.t.Errorf("slot %d has %d terminal replies, want at most %d", slot, n, s.slots[slot])
		}
	}
	if !whole {
		return
	}
	if s.err != nil {
		p.t.Errorf("a stream without a mistake of its own ended with %v", s.err)
	}
	for _, slot := range slices.Sorted(maps.Keys(s.slots)) {
		if s.terminals[slot] == 0 {
			p.t.Errorf("slot %d has no terminal reply", slot)
		}
	}
}

// serves uploads a file as it should be.
func (p *play) serves() {
	content := bytes.Repeat([]byte("harmless"), 20_000)
	stream, err := p.client.Upload(p.ctx)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, request := range []*transhipv1.UploadRequest{begin(1, "harmless", nil), chunk(1, nil, content), finish(1)} {
		if err := stream.Send(request); err != nil {
			p.t.Fatal(err)
		}
	}
	if err := stream.CloseSend(); err != nil {
		p.t.Fatal(err)
	}
	finished, failed, err := terminals(p.t, stream)
	if err != nil || finished[1].GetFile().GetSize() != int64(len(content)) || finished[1].GetFile().GetCrc32C() != tranship.CRC32C(content) {
		p.t.Errorf("a file as it should be: %v, %v, %v", finished, failed, status.Convert(err).Message())
	}
}

// stacks are those of all goroutines.
func stacks() string {
	buffer := make([]byte, 1<<20)
	return string(buffer[:runtime.Stack(buffer, true)])
}
