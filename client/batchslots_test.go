package client_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/store/mem"
)

// slotCounter answers nothing before as many slots are without a reply as a client may have, or
// all of the test have come. It is used by one goroutine.
type slotCounter struct {
	t *testing.T
	// expected is how many slots have not come.
	expected int
	// waiting are the slots without an answer, with their paths, and last is the last slot.
	waiting []slotPath
	last    uint64
}

type slotPath struct {
	slot uint64
	path string
}

// add adds a slot, and returns those that can now be answered.
func (c *slotCounter) add(slot uint64, path string) (answerable []slotPath) {
	if slot <= c.last {
		c.t.Errorf("slot %d came after slot %d", slot, c.last)
	}
	c.last = slot
	c.waiting = append(c.waiting, slotPath{slot, path})
	c.expected--
	if c.expected > 0 && len(c.waiting) < wire.MaxAwaitedFiles {
		return nil
	}
	if len(c.waiting) > wire.MaxAwaitedFiles {
		c.t.Errorf("%d slots are without a reply", len(c.waiting))
	}
	answerable, c.waiting = c.waiting, nil
	return answerable
}

// TestBatchesShareSlots puts and fetches several batches at once, each with more items than
// may be without a reply. It checks that the client never has more, numbers them in order,
// and that no batch waits for slots that another holds without use.
func TestBatchesShareSlots(t *testing.T) { overTransports(t, testBatchesShareSlots) }

func testBatchesShareSlots(t *testing.T, options client.Options) {
	const batches, count = 3, wire.MaxAwaitedFiles + 44
	paths := make([]string, count)
	for i := range paths {
		paths[i] = fmt.Sprint(i)
	}
	ok := make([]error, count)
	inAll := func(move func()) {
		var all sync.WaitGroup
		for range batches {
			all.Go(move)
		}
		all.Wait()
	}
	puts := &slotCounter{t: t, expected: batches * count}
	putter := connectPutServer(t, options, func(stream grpc.BidiStreamingServer[transhipv1.UploadRequest, transhipv1.UploadResponse], put *transhipv1.Put) error {
		for _, answerable := range puts.add(put.GetSlot(), put.GetPath()) {
			_ = stream.Send(finishedPut(answerable.slot, answerable.path))
		}
		return nil
	})
	inAll(func() { checkPuts(t, putter.PutBatch(t.Context(), putItems(paths...)), ok...) })
	opens := &slotCounter{t: t, expected: batches * count}
	fetcher := connectFetchServer(t, options, func(stream downloads, request *transhipv1.DownloadRequest) error {
		for _, answerable := range opens.add(request.GetOpen().GetSlot(), request.GetOpen().GetPath()) {
			sendFile(stream, answerable.slot, answerable.path)
		}
		return nil
	})
	inAll(func() {
		items := fetchItems(paths...)
		checkFetches(t, items, fetcher.FetchBatch(t.Context(), items), ok...)
	})
}

// TestObserverOfBatches checks that each item of a batch has one event.
func TestObserverOfBatches(t *testing.T) { overTransports(t, testObserverOfBatches) }

func testObserverOfBatches(t *testing.T, options client.Options) {
	var seen observer
	options.Observer = &seen
	files := connect(t, &mem.Store{}, options)
	ctx := context.WithValue(t.Context(), traceKey{}, "trace")
	checkPuts(t, files.PutBatch(ctx, putItems("one", "../two", "three")), nil, tranship.ErrInvalid, nil)
	items := fetchItems("one", "two", "three")
	checkFetches(t, items, files.FetchBatch(ctx, items), nil, tranship.ErrNotFound, nil)
	files.Close()
	seen.mu.Lock()
	defer seen.mu.Unlock()
	moved := slices.DeleteFunc(slices.Clone(seen.events), func(text string) bool { return strings.HasPrefix(text, "call") })
	want := []string{
		"upload one, 3 bytes from 0 in trace",
		"upload ../two, 6 bytes from 0 in trace, failed",
		"upload three, 5 bytes from 0 in trace",
		"download one, 3 bytes from 0 in trace",
		"download two, 0 bytes from 0 in trace, failed: not found",
		"download three, 5 bytes from 0 in trace",
	}
	if !slices.Equal(moved, want) {
		t.Errorf("the observer received\n%s\nwant\n%s", strings.Join(moved, "\n"), strings.Join(want, "\n"))
	}
}
