package client

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/tranship/tranship"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// lane is a stream that carries parts of an upload. The upload's mu guards it.
type lane struct {
	// number counts from 0, the lane of the slot that owns the upload.
	number int
	// stream is nil before it is needed.
	stream *uploadStream
	// writers are those that have not been closed.
	writers int
}

// Width implements tranship.WidthHinter.
func (u *upload) Width() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.width()
}

// width is how many lanes there are to be. The caller holds mu.
func (u *upload) width() int {
	lanes := u.client.lanes()
	if u.maxStreams > 0 {
		lanes = min(lanes, max(u.maxStreams, u.client.fixed))
	}
	return lanes
}

// crowded reports whether the server has nothing to spare for the upload.
func (u *upload) crowded() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.maxStreams == 1
}

// enterLane returns the lane with the fewest writers, and its stream, and counts one
// writer more.
func (u *upload) enterLane(ctx context.Context) (*lane, *uploadStream, error) {
	chosen, stream := u.choose()
	if stream != nil && (chosen.number == 0 || !stream.ended()) {
		return chosen, stream, nil
	}
	stream, err := openUploadStream(ctx, u.client.connection(u.first+uint64(chosen.number)), u) //nolint:gosec // lanes are counted from 0
	if errors.Is(err, tranship.ErrUnavailable) && !u.stream.ended() {
		u.leaveLane(chosen)
		return u.firstLane(), u.stream, nil // the connection that there is does as well
	}
	if err == nil {
		stream, err = u.settle(chosen, stream)
	}
	if err != nil {
		u.leaveLane(chosen)
		return nil, nil, err
	}
	return chosen, stream, nil
}

// choose counts a writer of the lane that has the fewest.
func (u *upload) choose() (*lane, *uploadStream) {
	u.mu.Lock()
	defer u.mu.Unlock()
	width := u.width()
	for len(u.lanes) < width {
		u.lanes = append(u.lanes, &lane{number: len(u.lanes)})
	}
	chosen := u.lanes[0]
	for _, other := range u.lanes[:width] {
		if other.writers < chosen.writers {
			chosen = other
		}
	}
	chosen.writers++
	return chosen, chosen.stream
}

// firstLane counts a writer of the first lane.
func (u *upload) firstLane() *lane {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.lanes[0].writers++
	return u.lanes[0]
}

// settle gives a lane its stream, if it has not been given one meanwhile.
func (u *upload) settle(l *lane, opened *uploadStream) (*uploadStream, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.state != uploadOpen {
		go opened.close(u.errEnded())
		return nil, u.errEnded()
	}
	if l.stream != nil && !l.stream.ended() {
		go opened.close(u.errEnded())
		return l.stream, nil
	}
	l.stream = opened
	return opened, nil
}

// leaveLane counts a writer less. The stream of a lane that is one too many ends when
// the server has answered what is under way on it.
func (u *upload) leaveLane(l *lane) {
	u.mu.Lock()
	defer u.mu.Unlock()
	l.writers--
	if l.number == 0 || l.number < u.width() || l.writers > 0 || l.stream == nil {
		return
	}
	u.retired = slices.DeleteFunc(u.retired, (*uploadStream).ended)
	u.retired = append(u.retired, l.stream)
	go l.stream.halfClose(context.Background())
	l.stream = nil
}

// begun implements observer: each begin is answered with how many lanes there may be.
func (u *upload) begun(begun *transhipv1.Begun, roundTrip time.Duration) {
	u.client.pace.answered(roundTrip)
	u.mu.Lock()
	defer u.mu.Unlock()
	u.maxStreams = int(begun.GetMaxStreams())
}
