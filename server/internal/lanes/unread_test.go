package lanes_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/tranship/tranship/internal/lane"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server/internal/admission"
)

// A call whose client reads nothing ends soon after its timeout, also while the handler sends.
func TestUnread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := inMemory(t, admission.Options{})
		conn := s.connect(t)
		if _, err := io.WriteString(conn, lane.Preface); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(conn, make([]byte, len(greeted()))); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		if _, err := conn.Write(encode(&transhipv1.LaneHeaders{Method: "/Test/flood", Timeout: durationpb.New(time.Second)})); err != nil {
			t.Fatal(err)
		}
		<-s.waiting
		if err := <-s.ended; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the handler ended because of %v", err)
		}
		if waited := time.Since(begun); waited > 5*time.Second {
			t.Errorf("the handler ended after %v", waited)
		}
	})
}
