package native

import (
	"context"
	"fmt"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/observation"
	"github.com/tranship/tranship/internal/payload"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

const (
	// encodedFile is the size of the largest file whose replies are encoded in one buffer with
	// those of others, in bytes: it costs less to copy the file than to pass its memory on.
	encodedFile = 32 << 10
	// encodedBytes is about the most bytes of such a buffer.
	encodedBytes = 256 << 10
)

// answered is a fetch of a batch that is answered, and its outcome.
type answered struct {
	*fetch
	result tranship.FetchResult
	sent   int64
	err    error
}

// answerAll sends the replies of the fetches of a batch. A file of another size than the client
// asked for is opened instead, by a goroutine of its own.
func (d *downloadStream) answerAll(batch []*fetch, results []tranship.FetchResult, start time.Time, refused func(Refusal)) {
	answers := d.settle(batch, results)
	defer d.unanswered.Release(int64(len(answers)))
	small := make([]*answered, 0, len(answers))
	bytes := 0
	flush := func() {
		d.sendSmall(small, bytes)
		small, bytes = small[:0], 0
	}
	for i := range answers {
		a := &answers[i]
		refused(Refusal{Action: "read", Path: a.open.GetPath(), Err: a.err})
		switch size := len(a.result.Data); {
		case a.err != nil:
		case size > encodedFile:
			a.sent, a.err = d.sendWhole(a.open.GetSlot(), a.result)
		default:
			if bytes += size; bytes > encodedBytes {
				flush()
				bytes = size
			}
			small = append(small, a)
		}
	}
	flush()
	ended := make([]observation.Transfer, len(answers))
	for i := range answers {
		ended[i] = d.outcome(answers[i].open, start, answers[i].sent, answers[i].err)
	}
	d.service.logTransfers(d.ctx, "download", ended...)
}

// settle returns the fetches of a batch that are to be answered, and makes their slots free. A
// cancel has no effect on them any more. It opens the others.
func (d *downloadStream) settle(batch []*fetch, results []tranship.FetchResult) []answered {
	answers := make([]answered, 0, len(batch))
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, f := range batch {
		result := results[i]
		f.answered = true
		delete(d.fetching, f.open.GetSlot())
		switch {
		case f.cancelled:
			result.Err = errCancelled
		case result.Err == nil && result.File.Size != f.open.GetLength():
			d.openAloneLocked(f.open) // a cancel from now on finds it
			continue
		case d.ctx.Err() != nil:
			result.Err = context.Cause(d.ctx)
		case result.Err == nil && int64(len(result.Data)) != result.File.Size:
			result.Err = fmt.Errorf("%w: read %d bytes of %s, want %d", tranship.ErrIntegrity, len(result.Data), f.open.GetPath(), result.File.Size)
		}
		answers = append(answers, answered{fetch: f, result: result, err: result.Err})
	}
	return answers
}

// sendSmall sends files together, of so many bytes.
func (d *downloadStream) sendSmall(files []*answered, bytes int) {
	if len(files) == 0 {
		return
	}
	for _, a := range files {
		bytes += sizeOfReplies(a.result.File)
	}
	replies := &fetchReplies{encoder: payload.NewEncoder(&d.buffers, bytes, 3*len(files))}
	for _, a := range files {
		if a.err = replies.add(a.open.GetSlot(), a.result); a.err == nil {
			a.sent = int64(len(a.result.Data))
		}
	}
	d.sendMu.Lock()
	defer d.sendMu.Unlock()
	d.spoken.Store(true)
	if err := replies.encoder.Messages((*transhipv1.DownloadResponse)(nil)).Send(d.stream); err != nil {
		for _, a := range files {
			a.sent, a.err = 0, err
		}
	}
}

// sizeOfReplies estimates how many bytes the replies of a file take beside its content. The
// estimate is rather too large.
func sizeOfReplies(file tranship.File) int {
	const envelope, entry = 192, 16 // all fields but those counted here; an entry's own fields
	size := envelope + len(file.Path) + len(file.Version)
	for key, value := range file.Metadata {
		size += entry + len(key) + len(value)
	}
	return size
}

// fetchReplies encodes the replies of small files.
type fetchReplies struct {
	encoder *payload.Encoder
	// file is used for one unusual file after the other.
	file transhipv1.File
}

// add adds the replies of a file.
func (r *fetchReplies) add(slot uint64, result tranship.FetchResult) error {
	if err := r.addOpened(slot, result.File); err != nil {
		return fmt.Errorf("the description of %s cannot be encoded: %w", result.File.Path, err)
	}
	crc := tranship.CRC32C(result.Data)
	if n := len(result.Data); n > 0 {
		r.encoder.Added(wire.AppendChunk(r.encoder.Buffer(), slot, 0, result.Data, crc), n)
	}
	r.encoder.Added(wire.AppendDone(r.encoder.Buffer(), slot, crc), 0)
	return nil
}

func (r *fetchReplies) addOpened(slot uint64, file tranship.File) error {
	if longer, ok := wire.AppendOpened(r.encoder.Buffer(), slot, file); ok {
		r.encoder.Added(longer, 0)
		return nil
	}
	wire.SetFile(&r.file, file)
	opened := &transhipv1.DownloadResponse_Opened{Opened: &transhipv1.Opened{Slot: slot, File: &r.file}}
	return r.encoder.Add(&transhipv1.DownloadResponse{Response: opened}, 0)
}

// sendWhole sends a file, and returns how many of its bytes were sent.
func (d *downloadStream) sendWhole(slot uint64, result tranship.FetchResult) (sent int64, err error) {
	d.sendMu.Lock()
	defer d.sendMu.Unlock()
	d.spoken.Store(true)
	opened := &transhipv1.Opened{Slot: slot, File: wire.FileToProto(result.File)}
	if err := d.stream.Send(&transhipv1.DownloadResponse{Response: &transhipv1.DownloadResponse_Opened{Opened: opened}}); err != nil {
		return 0, err
	}
	total := uint32(0)
	for left := result.Data; len(left) > 0; {
		piece := left[:min(len(left), downloadChunk)]
		left = left[len(piece):]
		crc := tranship.CRC32C(piece)
		total = tranship.CombineCRC32C(total, crc, int64(len(piece)))
		if err := d.sendChunkLocked(slot, sent, tranship.NewChunk([][]byte{piece}, crc, func() {})); err != nil {
			return sent, err
		}
		sent += int64(len(piece))
	}
	done := &transhipv1.Done{Slot: slot, Crc32C: total}
	return sent, d.stream.Send(&transhipv1.DownloadResponse{Response: &transhipv1.DownloadResponse_Done{Done: done}})
}
