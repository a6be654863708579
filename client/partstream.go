package client

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/tranship/tranship"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// partStream is one of the streams that carry parts of an upload. The upload's mu guards it.
type partStream struct {
	// number counts from 0, which is the stream of the slot that owns the upload.
	number int
	// call is nil before it is needed.
	call *uploadStream
	// writers are those that have not been closed.
	writers int
}

// Width implements tranship.WidthHinter.
func (u *upload) Width() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.width()
}

// width is how many streams there are to be. The caller holds mu.
func (u *upload) width() int {
	streams := u.client.streams()
	if u.maxStreams > 0 {
		streams = min(streams, max(u.maxStreams, u.client.fixed))
	}
	return streams
}

// crowded reports whether the server has nothing to spare for the upload.
func (u *upload) crowded() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.maxStreams == 1
}

// enterStream returns the stream with the fewest writers, and its call, and counts one
// writer more.
func (u *upload) enterStream(ctx context.Context) (*partStream, *uploadStream, error) {
	chosen, call := u.choose()
	if call != nil && (chosen.number == 0 || !call.ended()) {
		return chosen, call, nil
	}
	call, err := openUploadStream(ctx, u.client.connection(u.first+uint64(chosen.number)), u) //nolint:gosec // streams are counted from 0
	if errors.Is(err, tranship.ErrUnavailable) && !u.stream.ended() {
		u.leaveStream(chosen)
		return u.firstStream(), u.stream, nil // the connection that there is does as well
	}
	if err == nil {
		call, err = u.attach(chosen, call)
	}
	if err != nil {
		u.leaveStream(chosen)
		return nil, nil, err
	}
	return chosen, call, nil
}

// choose counts a writer of the stream that has the fewest.
func (u *upload) choose() (*partStream, *uploadStream) {
	u.mu.Lock()
	defer u.mu.Unlock()
	width := u.width()
	for len(u.streams) < width {
		u.streams = append(u.streams, &partStream{number: len(u.streams)})
	}
	chosen := u.streams[0]
	for _, other := range u.streams[:width] {
		if other.writers < chosen.writers {
			chosen = other
		}
	}
	chosen.writers++
	return chosen, chosen.call
}

// firstStream counts a writer of the first stream.
func (u *upload) firstStream() *partStream {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.streams[0].writers++
	return u.streams[0]
}

// attach gives a stream its call, if it has not been given one meanwhile.
func (u *upload) attach(l *partStream, opened *uploadStream) (*uploadStream, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.state != uploadOpen {
		go opened.close(u.errEnded())
		return nil, u.errEnded()
	}
	if l.call != nil && !l.call.ended() {
		go opened.close(u.errEnded())
		return l.call, nil
	}
	l.call = opened
	return opened, nil
}

// leaveStream counts a writer less. The call of a stream that is one too many ends when
// the server has answered what is under way on it.
func (u *upload) leaveStream(l *partStream) {
	u.mu.Lock()
	defer u.mu.Unlock()
	l.writers--
	if l.number == 0 || l.number < u.width() || l.writers > 0 || l.call == nil {
		return
	}
	u.retired = slices.DeleteFunc(u.retired, (*uploadStream).ended)
	u.retired = append(u.retired, l.call)
	go l.call.halfClose(context.Background())
	l.call = nil
}

// begun implements observer: each begin is answered with how many streams there may be.
func (u *upload) begun(begun *transhipv1.Begun, roundTrip time.Duration) {
	u.client.pace.answered(roundTrip)
	u.mu.Lock()
	defer u.mu.Unlock()
	u.maxStreams = int(begun.GetMaxStreams())
}
