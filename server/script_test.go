package server_test

import (
	"context"
	"errors"
	"io"
	"maps"
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
		p.t.Error("memory is still counted for calls that have ended")
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
