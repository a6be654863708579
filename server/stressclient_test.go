package server_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"sync"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/faultproxy"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/transfer"
)

// stressStall is how long clients wait for a silent network.
const stressStall = time.Second

// randomLinks returns links of which some fail.
func randomLinks(random *rand.Rand) func(int) faultproxy.Link {
	return func(int) faultproxy.Link {
		after := random.Int64N(4 << 20)
		if random.IntN(8) == 0 {
			after = random.Int64N(200) // while the connection is made
		}
		switch random.IntN(12) {
		case 0, 1:
			return faultproxy.Link{Up: faultproxy.Faults{CutAfter: &after}}
		case 2, 3:
			return faultproxy.Link{Down: faultproxy.Faults{CutAfter: &after}}
		case 4:
			return faultproxy.Link{Up: faultproxy.Faults{FreezeAfter: &after}}
		case 5:
			return faultproxy.Link{Up: faultproxy.Faults{BytesPerSecond: 8 << 20}, Down: faultproxy.Faults{BytesPerSecond: 8 << 20}}
		default:
			return faultproxy.Link{}
		}
	}
}

// stressWorker does random things with one client at a time.
type stressWorker struct {
	*arena
	name   string
	random *rand.Rand
	step   int
	files  *client.Client
	// stored are the paths that this worker has stored.
	stored []string
}

// dial connects a client. It fails the test if that does not succeed in a reasonable time.
func (w *stressWorker) dial(options client.Options) *client.Client {
	options.StallTimeout, options.ConnectTimeout = stressStall, stressStall
	for begun := time.Now(); ; {
		files, err := client.Dial(w.Context(), w.proxy.Address(), options)
		if err == nil {
			return files
		}
		if time.Since(begun) > time.Minute {
			w.Error(err)
			return nil
		}
	}
}

// run does stressSteps things.
func (w *stressWorker) run() {
	things := []func(context.Context){w.upload, w.upload, w.download, w.put, w.abandonUpload, w.abandonDownload}
	for w.step = range stressSteps {
		if w.files == nil {
			if w.files = w.dial(client.Options{Connections: w.random.IntN(4)}); w.files == nil {
				return
			}
		}
		ctx, cancel := context.WithTimeout(w.Context(), 2*time.Second)
		if w.random.IntN(2) == 0 {
			giveUp := time.AfterFunc(time.Duration(w.random.Int64N(int64(100*time.Millisecond))), cancel)
			defer giveUp.Stop()
		}
		things[w.random.IntN(len(things))](ctx)
		cancel()
		if w.random.IntN(4) == 0 {
			_ = w.files.Close()
			w.files = nil
		}
	}
	if w.files != nil {
		_ = w.files.Close()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.arena.stored = append(w.arena.stored, w.stored...)
}

// path returns where this step of the worker stores a file of the source.
func (w *stressWorker) path(name string) string { return fmt.Sprintf("%s/%d/%s", w.name, w.step, name) }

// choose returns some names of the source.
func (w *stressWorker) choose() []string {
	names := slices.Sorted(maps.Keys(w.contents))
	w.random.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	return names[:1+w.random.IntN(len(names))]
}

// copyAll copies files, and returns which paths were copied.
func (w *stressWorker) copyAll(ctx context.Context, to tranship.Writer, items iter.Seq2[transfer.Item, error]) (copied []string) {
	var mu sync.Mutex
	_ = transfer.Copy(ctx, to, items, transfer.Options{StallTimeout: stressStall, Patience: time.Second, Attempts: 4, Report: func(result transfer.Result) {
		mu.Lock()
		defer mu.Unlock()
		if result.Err == nil {
			copied = append(copied, result.Path)
		}
	}})
	return copied
}

// upload copies some files to the server.
func (w *stressWorker) upload(ctx context.Context) { w.uploadAll(ctx, w.choose()) }

func (w *stressWorker) uploadAll(ctx context.Context, chosen []string) {
	w.stored = append(w.stored, w.copyAll(ctx, w.files, func(yield func(transfer.Item, error) bool) {
		for _, name := range chosen {
			if !yield(transfer.Item{Source: w.source, SourcePath: name, Path: w.path(name), File: tranship.File{Size: int64(len(w.contents[name]))}}, nil) {
				return
			}
		}
	})...)
}

// put stores one batch.
func (w *stressWorker) put(ctx context.Context) {
	var items []tranship.PutItem
	for _, name := range w.choose() {
		if content := w.contents[name]; len(content) <= tranship.MaxPutBytes {
			items = append(items, tranship.PutItem{Spec: tranship.Spec{Path: w.path(name)}, Data: content})
		}
	}
	for i, result := range w.files.PutBatch(ctx, items) {
		if result.Err == nil {
			w.stored = append(w.stored, items[i].Spec.Path)
		}
	}
}

// download copies files of this worker from the server, and checks them.
func (w *stressWorker) download(ctx context.Context) {
	local := &mem.Store{}
	copied := w.copyAll(ctx, local, func(yield func(transfer.Item, error) bool) {
		for _, from := range w.stored {
			size := int64(len(w.contents[path.Base(from)]))
			if !yield(transfer.Item{Source: w.files, SourcePath: from, Path: from, File: tranship.File{Size: size}}, nil) {
				return
			}
		}
	})
	for _, name := range copied {
		content, err := local.Open(w.Context(), name, tranship.OpenOptions{})
		if err != nil {
			w.Error(err)
			continue
		}
		if got, err := io.ReadAll(content); err != nil || !bytes.Equal(got, w.contents[path.Base(name)]) {
			w.Errorf("%s was copied, and has wrong content, of %d bytes: %v", name, len(got), err)
		}
		_ = content.Close()
	}
}

// abandonUpload begins an upload, and neither completes nor aborts it.
func (w *stressWorker) abandonUpload(ctx context.Context) {
	upload, err := w.files.Begin(ctx, tranship.Spec{Path: w.path("abandoned")})
	if err != nil {
		return
	}
	if part, err := upload.Part(ctx, 0); err == nil {
		_, _ = part.Write(make([]byte, w.random.IntN(1<<20)))
	}
}

// abandonDownload reads the beginning of a file.
func (w *stressWorker) abandonDownload(ctx context.Context) {
	if len(w.stored) == 0 {
		return
	}
	content, err := w.files.Open(ctx, w.stored[w.random.IntN(len(w.stored))], tranship.OpenOptions{})
	if err != nil {
		return
	}
	_, _ = io.CopyN(io.Discard, content, w.random.Int64N(1<<20))
	_ = content.Close()
}

// checkCalm checks that all works on lanes when nothing fails any more.
func (a *arena) checkCalm() {
	a.proxy.SetLinks(nil)
	a.proxy.Cut()
	w := &stressWorker{arena: a, name: "calm", random: rand.New(rand.NewPCG(0, 0))}
	if w.files = w.dial(client.Options{Transport: client.TransportLanes}); w.files == nil {
		return
	}
	for w.step = range 2 {
		w.stored = nil
		w.uploadAll(a.Context(), slices.Sorted(maps.Keys(w.contents)))
		if len(w.stored) != len(w.contents) {
			a.Errorf("%d files of %d were stored", len(w.stored), len(w.contents))
		}
		w.download(a.Context())
		a.stored = append(a.stored, w.stored...)
	}
	_ = w.files.Close()
}
