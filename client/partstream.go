package client

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/tranship/tranship"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// partStream is one of the streams that carry the parts of an upload. It is guarded by the
// mu of the upload.
type partStream struct {
	// number counts from 0. Stream 0 is that of the slot that owns the upload.
	number int
	// call is nil until it is needed.
	call *uploadStream
	// writers is the number of writers that use the stream.
	writers int
	// proved is the call of which the server has let a slot join the upload. barred means that
	// the stream leads to a server that does not.
	proved *uploadStream
	barred bool
}

// Width implements tranship.WidthHinter.
func (u *upload) Width() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.widthLocked()
}

// widthLocked returns the number of streams to use. It does not shrink when a reply comes sooner than
// all before: as many writers are at work, and if they shared a stream, a chunk whose part waits for
// the memory of the store would be before the chunks of the parts that have this memory.
func (u *upload) widthLocked() int {
	u.widest = max(u.widest, u.client.streams(uploadWidth()))
	streams := u.widest
	if u.maxStreams > 0 {
		streams = min(streams, max(u.maxStreams, u.client.fixed))
	}
	return streams
}

// wantsSmallChunks reports whether the server has limited the upload to one stream, and holds whole
// messages in memory.
func (u *upload) wantsSmallChunks() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.maxStreams == 1 && !u.client.hasLanes()
}

// acquireStream returns the stream with the fewest writers, and its call. It counts one
// writer more, until releaseStream.
func (u *upload) acquireStream(ctx context.Context) (*partStream, *uploadStream, error) {
	chosen, call := u.chooseStream()
	if call != nil && (chosen.number == 0 || !call.ended()) {
		return chosen, call, nil
	}
	call, err := openUploadStream(u.client.askKeepAlive(ctx), u.client.connection(u.first+uint64(chosen.number)), u) //nolint:gosec // streams are counted from 0
	if errors.Is(err, tranship.ErrUnavailable) && !u.stream.ended() {
		u.releaseStream(chosen)
		return u.firstStream(), u.stream, nil // use the existing connection
	}
	if err == nil {
		call, err = u.attach(chosen, call)
	}
	if err != nil {
		u.releaseStream(chosen)
		return nil, nil, err
	}
	return chosen, call, nil
}

// chooseStream returns the stream with the fewest writers, and counts one more. The call is
// nil if the stream has none.
func (u *upload) chooseStream() (*partStream, *uploadStream) {
	u.mu.Lock()
	defer u.mu.Unlock()
	width := u.widthLocked()
	for len(u.streams) < width {
		u.streams = append(u.streams, &partStream{number: len(u.streams)})
	}
	chosen := u.streams[0]
	for _, other := range u.streams[:width] {
		if !other.barred && other.writers < chosen.writers {
			chosen = other
		}
	}
	chosen.writers++
	return chosen, chosen.call
}

// firstStream returns the first stream, and counts one writer more.
func (u *upload) firstStream() *partStream {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.streams[0].writers++
	return u.streams[0]
}

// attach sets the call of a stream, unless the stream has got one in the meantime. It
// returns the call to use, and closes opened if it is another one.
func (u *upload) attach(s *partStream, opened *uploadStream) (*uploadStream, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.state != uploadOpen {
		go opened.close(u.errEnded())
		return nil, u.errEnded()
	}
	if s.call != nil && !s.call.ended() {
		go opened.close(u.errEnded())
		return s.call, nil
	}
	s.call = opened
	return opened, nil
}

// releaseStream counts one writer less. If the stream exceeds the width, or leads to another server,
// and has no writers left, it half-closes its call, which ends when the server has answered all
// slots.
func (u *upload) releaseStream(s *partStream) {
	u.mu.Lock()
	defer u.mu.Unlock()
	s.writers--
	if s.number == 0 || s.number < u.widthLocked() && !s.barred || s.writers > 0 || s.call == nil {
		return
	}
	u.retired = slices.DeleteFunc(u.retired, (*uploadStream).ended)
	u.retired = append(u.retired, s.call)
	go s.call.halfClose(context.Background())
	s.call = nil
}

// begun implements replyObserver: the reply to each begin has the largest number of streams
// that the server allows.
func (u *upload) begun(begun *transhipv1.Begun, roundTrip time.Duration) {
	u.client.roundTrip.note(roundTrip)
	u.mu.Lock()
	defer u.mu.Unlock()
	u.maxStreams = int(begun.GetMaxStreams())
}
