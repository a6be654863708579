package client_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// TestFetchBatchBuffers fetches into lent memory. It checks that replies that come after the end of
// a batch do not change the memory, which its caller may use for something else.
func TestFetchBatchBuffers(t *testing.T) { overTransports(t, testFetchBatchBuffers) }

func testFetchBatchBuffers(t *testing.T, options client.Options) {
	asked, slow, half := make(chan struct{}), uint64(0), uint64(0)
	files := connectFetchServer(t, options, func(stream downloads, request *transhipv1.DownloadRequest) error {
		path, slot := request.GetOpen().GetPath(), request.GetOpen().GetSlot()
		switch path {
		case "": // a cancel
			return nil
		case "slow":
			slow = slot
			return nil
		case "half":
			half = slot
			sendReplies(stream, half, opened("half", 4, nil), sent(0, "ha", nil))
			return nil
		case "asked":
			close(asked)
		case "late":
			sendFile(stream, slow, "slow")
			sendReplies(stream, half, sent(2, "lf", nil), done(tranship.CRC32C([]byte("half"))))
		}
		sendFile(stream, slot, path)
		return nil
	})
	lend := func(items []tranship.FetchItem) (memory []byte) {
		memory = make([]byte, 8*len(items))
		for i := range items {
			items[i].Buffer = memory[8*i:][:6:6]
		}
		return memory
	}
	ctx, cancel := context.WithCancel(t.Context())
	items, results := fetchItems("come", "slow", "half", "asked"), make(chan []tranship.FetchResult)
	memory := lend(items)
	go func() { results <- files.FetchBatch(ctx, items) }()
	<-asked
	behind := fetchItems("behind")
	behind[0].Buffer = make([]byte, 5) // too short
	checkFetches(t, behind, files.FetchBatch(t.Context(), behind), nil)
	cancel()
	got := <-results
	checkFetches(t, items, got, nil, context.Canceled, context.Canceled, nil)
	if &got[0].Data[0] != &memory[0] || string(behind[0].Buffer) != "\x00\x00\x00\x00\x00" {
		t.Error("a file is not in the memory for it, or in memory that is too short for it")
	}
	for i := range memory {
		memory[i] = '-'
	}
	late := fetchItems("late", "last")
	lent := lend(late)
	checkFetches(t, late, files.FetchBatch(t.Context(), late), nil, nil) // after the late replies
	if want := bytes.Repeat([]byte("-"), len(memory)); !bytes.Equal(memory, want) {
		t.Errorf("late replies have changed the memory to %q", memory)
	}
	if string(lent[:4]) != "late" || string(lent[8:12]) != "last" {
		t.Errorf("the memory has %q", lent)
	}
}
