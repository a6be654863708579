package native

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// message returns a message of so many bytes.
func message(envelope int) received {
	request := &transhipv1.UploadRequest{}
	return received{request: request, data: wire.NewUploadRequest(request), envelope: envelope}
}

// TestInboxBounds checks that messages wait for room by their number and by their bytes, that
// one message always has room alone, and that their order stays.
func TestInboxBounds(t *testing.T) {
	for name, test := range map[string]struct{ envelope, want int }{
		"number": {1, inboxMessages},
		"bytes":  {maxEnvelope - 1, 4},
		"large":  {2 * inboxBytes, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			const count = 2*inboxMessages + 5
			box := newInbox()
			go func() {
				for i := range count {
					box.add(t.Context(), message(test.envelope+i%2))
				}
			}()
			got := 0
			for got < count {
				<-box.ready
				synctest.Wait()
				taken := box.take()
				if len(taken) > test.want {
					t.Errorf("%s: %d messages, want at most %d", name, len(taken), test.want)
				}
				for _, next := range taken {
					if next.envelope != test.envelope+got%2 {
						t.Fatalf("%s: message %d is not in order", name, got)
					}
					got++
				}
				box.done(taken, nil)
			}
		})
	}
}

// TestInboxTakesBack checks that messages that were not handled wait again, before those that
// came later.
func TestInboxTakesBack(t *testing.T) {
	box := newInbox()
	for envelope := range 3 {
		box.add(t.Context(), message(envelope))
	}
	<-box.ready
	taken := box.take()
	box.add(t.Context(), message(3))
	box.done(taken, taken[1:])
	<-box.ready
	for i, next := range box.take() {
		if next.envelope != i+1 {
			t.Errorf("message %d is at place %d", next.envelope, i)
		}
	}
	if len(box.messages) > 0 || box.loose != 0 {
		t.Errorf("%d messages of %d bytes are left", len(box.messages), box.loose)
	}
}

// TestInboxEnds checks that add returns when its context ends, or the inbox is closed.
func TestInboxEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := newInbox()
		full := message(inboxBytes)
		if !box.add(t.Context(), full) {
			t.Fatal("an empty inbox takes no message")
		}
		ctx, cancel := context.WithCancel(t.Context())
		added := make(chan bool, 2)
		go func() { added <- box.add(ctx, full) }()
		synctest.Wait()
		cancel()
		if <-added {
			t.Error("a message was added after the context has ended")
		}
		go func() { added <- box.add(t.Context(), full) }()
		synctest.Wait()
		if left := box.close(); len(left) != 1 {
			t.Errorf("%d messages are left, want 1", len(left))
		}
		if <-added || box.add(t.Context(), full) {
			t.Error("a closed inbox took a message")
		}
	})
}
