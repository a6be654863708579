package server_test

import (
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rpcstatus"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server/limit"
	"github.com/tranship/tranship/store/mem"
)

// A sender owes no more bytes once it has sent them as zeros, and owes those that it has not.
func TestSlowSenderOfZeros(t *testing.T) {
	overBoth(t, func(t *testing.T, serve way) {
		store := &mem.Store{PartSize: 1000}
		client := serve.limited(t, store, limit.Options{MinRate: 1000, MinRateWindow: slowWindow})
		stream := start(t, testContext(t), client,
			begin(1, "all", new(int64(2000))), zeros(1, nil, 1000), zeros(1, nil, 1000),
			begin(2, "half", new(int64(2000))), zeros(2, nil, 1000))
		var failed *transhipv1.Failed
		for failed == nil {
			failed = receive(t, stream).GetFailed()
		}
		if failed.GetSlot() != 2 {
			t.Fatalf("%v failed", failed)
		}
		named(t, rpcstatus.FromProto(failed.GetStatus()), tranship.LimitMinRate)
		send(t, stream, finish(1))
		var finished *transhipv1.Finished
		for finished == nil {
			response := receive(t, stream)
			if failed := response.GetFailed(); failed != nil {
				t.Fatal(failed)
			}
			finished = response.GetFinished()
		}
		if finished.GetFile().GetSize() != 2000 {
			t.Errorf("the file is %v", finished.GetFile())
		}
	})
}
