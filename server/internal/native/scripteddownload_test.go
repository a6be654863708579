package native

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/payload"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// scriptedDownload is the stream of a client that sends what is in requests.
type scriptedDownload struct {
	grpc.BidiStreamingServer[transhipv1.DownloadRequest, transhipv1.DownloadResponse]
	ctx      context.Context //nolint:containedctx // it is that of the call
	requests chan *transhipv1.DownloadRequest

	mu sync.Mutex
	// bytes are the bytes of each slot, opened its Opened messages, and terminal the codes
	// of its terminal replies.
	bytes    map[uint64][]byte
	opened   map[uint64]int
	terminal map[uint64][]codes.Code
	// sizes are the lengths of all chunks that were not encoded before, and took how long each
	// takes to be sent.
	sizes []int
	took  time.Duration
}

func newScriptedDownload(ctx context.Context) *scriptedDownload {
	return &scriptedDownload{
		ctx:      ctx,
		requests: make(chan *transhipv1.DownloadRequest, 1000),
		bytes:    map[uint64][]byte{},
		opened:   map[uint64]int{},
		terminal: map[uint64][]codes.Code{},
	}
}

func (s *scriptedDownload) Context() context.Context { return s.ctx }

func (s *scriptedDownload) Recv() (*transhipv1.DownloadRequest, error) {
	select {
	case request, ok := <-s.requests:
		if !ok {
			return nil, io.EOF
		}
		return request, nil
	case <-s.ctx.Done():
		return nil, s.ctx.Err()
	}
}

func (s *scriptedDownload) Send(reply *transhipv1.DownloadResponse) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch reply := reply.GetResponse().(type) {
	case *transhipv1.DownloadResponse_Opened:
		s.opened[reply.Opened.GetSlot()]++
	case *transhipv1.DownloadResponse_Done:
		slot, code := reply.Done.GetSlot(), codes.OK
		if tranship.CRC32C(s.bytes[slot]) != reply.Done.GetCrc32C() {
			code = codes.DataLoss
		}
		s.terminal[slot] = append(s.terminal[slot], code)
	case *transhipv1.DownloadResponse_Failed:
		slot, code := reply.Failed.GetSlot(), reply.Failed.GetStatus().GetCode()
		s.terminal[slot] = append(s.terminal[slot], codes.Code(code))
	}
	return nil
}

// SendMsg takes a chunk, or a message that is encoded.
func (s *scriptedDownload) SendMsg(message any) error {
	if encoded, ok := message.(*payload.Encoded); ok {
		reply := &transhipv1.DownloadResponse{}
		data, err := proto.Marshal(encoded)
		if err == nil {
			err = proto.Unmarshal(data, reply)
		}
		if chunk := reply.GetChunk(); err == nil && chunk != nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			if len(chunk.GetData()) != encoded.Len() {
				return fmt.Errorf("a chunk of %d bytes counts as %d", len(chunk.GetData()), encoded.Len())
			}
			s.bytes[chunk.GetSlot()] = append(s.bytes[chunk.GetSlot()], chunk.GetData()...)
			return nil
		}
		return errors.Join(err, s.Send(reply))
	}
	m := message.(*payload.Message)
	time.Sleep(s.took) // of a bubble of synctest
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sizes = append(s.sizes, m.Len())
	slot := m.Proto.(*transhipv1.DownloadResponse).GetChunk().GetSlot()
	s.bytes[slot] = append(s.bytes[slot], m.Bytes()...)
	return nil
}

func (s *scriptedDownload) open(slot uint64, path string, length int64) {
	s.requests <- &transhipv1.DownloadRequest{Request: &transhipv1.DownloadRequest_Open{Open: &transhipv1.Open{
		Slot: slot, Path: path, Length: &length,
	}}}
}

func (s *scriptedDownload) cancel(slot uint64) {
	s.requests <- &transhipv1.DownloadRequest{Request: &transhipv1.DownloadRequest_Cancel{Cancel: &transhipv1.Cancel{Slot: slot}}}
}

// ended returns the codes of the terminal replies of a slot.
func (s *scriptedDownload) ended(slot uint64) []codes.Code {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.terminal[slot])
}
