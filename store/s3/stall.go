package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/tranship/tranship"
)

// stallTransport ends requests that move no byte for a while, in either direction, so that
// they are repeated.
type stallTransport struct {
	next  http.RoundTripper
	stall time.Duration
}

// patience is how many times longer an engine may take to copy an object, or to make one of
// parts, which it does without a sign of life.
const patience = 20

// RoundTrip implements http.RoundTripper.
func (t *stallTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(request.Context())
	stall := t.stall
	if request.Method == http.MethodPost || request.Header.Get("X-Amz-Copy-Source") != "" {
		stall *= patience // the engine works on its own
	}
	stalled := fmt.Errorf("%w: the S3 engine moved no byte for %v", tranship.ErrUnavailable, stall)
	watch := &stallWatch{stall: stall, timer: time.AfterFunc(stall, func() { cancel(stalled) })}
	watch.end = func() { watch.timer.Stop(); cancel(nil) }
	request = request.Clone(ctx)
	if request.Body != nil && request.Body != http.NoBody {
		request.Body = &stallBody{ReadCloser: request.Body, watch: watch}
	}
	response, err := t.next.RoundTrip(request)
	if err != nil {
		if cause := context.Cause(ctx); errors.Is(cause, stalled) {
			err = stalled
		}
		watch.end()
		return nil, err
	}
	watch.timer.Stop()
	response.Body = &stallBody{ReadCloser: response.Body, watch: watch, reply: true}
	return response, nil
}

// stallWatch ends a request that stalls.
type stallWatch struct {
	stall time.Duration
	timer *time.Timer
	end   func()
}

// moved records that bytes have moved.
func (w *stallWatch) moved() {
	if w.timer.Stop() {
		w.timer.Reset(w.stall)
	}
}

// stallBody reports its reads. The time between two reads of a reply does not count, because
// the reader may be slow.
type stallBody struct {
	io.ReadCloser
	watch *stallWatch
	reply bool
	once  sync.Once
}

func (b *stallBody) Read(buffer []byte) (int, error) {
	if b.reply {
		b.watch.timer.Reset(b.watch.stall)
	}
	n, err := b.ReadCloser.Read(buffer)
	if b.reply {
		b.watch.timer.Stop()
	} else {
		b.watch.moved()
	}
	return n, err
}

func (b *stallBody) Close() error {
	err := b.ReadCloser.Close()
	if b.reply {
		b.once.Do(b.watch.end)
	}
	return err
}
