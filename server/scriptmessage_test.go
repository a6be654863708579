package server_test

import (
	"bytes"
	"math"
	"runtime"

	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

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
	switch p.next(17) {
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
	case 16:
		slot := p.slot(up, false)
		up.continues(slot)
		p.send(up, zeros(slot, maybe(p, p.number), p.number()))
	case 13, 14:
		slot := p.slot(down, true)
		down.begins(slot)
		p.send(down, &transhipv1.DownloadRequest{Request: &transhipv1.DownloadRequest_Open{Open: &transhipv1.Open{
			Slot: slot, Path: p.path(), Offset: maybe(p, p.number), Length: maybe(p, p.number), AcceptZeros: p.next(2) == 1,
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
			copying, err := p.client.CopyFile(p.ctx, &transhipv1.CopyFileRequest{SourcePath: path, DestinationPath: to, Precondition: condition})
			for err == nil {
				_, err = copying.Recv()
			}
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
