package transfer

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/mem"
)

// distant is a source on a distant server: opening a range takes a round trip, and reading a MiB of
// it a quarter of that. It counts the ranges of no bytes, and those that were closed before their end.
type distant struct {
	*mem.Store
	described, unread atomic.Int64
	// opened is called with each range before it is opened, one at a time; it may be nil.
	opened func(options tranship.OpenOptions) error
	mu     sync.Mutex
}

const distantRoundTrip = 100 * time.Millisecond

// Width implements tranship.WidthHinter.
func (*distant) Width() int { return 2 }

// Open implements Source.
func (d *distant) Open(ctx context.Context, path string, options tranship.OpenOptions) (tranship.Content, error) {
	if options.Length != nil && *options.Length == 0 {
		d.described.Add(1)
	}
	time.Sleep(distantRoundTrip)
	if d.opened != nil {
		d.mu.Lock()
		err := d.opened(options)
		d.mu.Unlock()
		if err != nil {
			return nil, err
		}
	}
	c, err := d.Store.Open(ctx, path, options)
	if err != nil {
		return nil, err
	}
	all, err := io.ReadAll(c)
	if err != nil {
		return nil, err
	}
	return &distantContent{Content: c, source: d, data: bytes.NewReader(all)}, nil
}

// distantContent is a range of a distant source.
type distantContent struct {
	tranship.Content
	source  *distant
	data    *bytes.Reader
	isEnded bool
}

// Read implements tranship.Content.
func (c *distantContent) Read(p []byte) (int, error) {
	n, err := c.data.Read(p)
	time.Sleep(distantRoundTrip / 4 * time.Duration(n) >> 20)
	c.isEnded = errors.Is(err, io.EOF)
	return n, err
}

// Close implements tranship.Content.
func (c *distantContent) Close() error {
	if !c.isEnded {
		c.source.unread.Add(1)
	}
	return c.Content.Close()
}

// describedItem is an item of a file as the source describes it.
func describedItem(t *testing.T, source *distant, path string) Item {
	t.Helper()
	file, err := source.Stat(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return Item{Source: source, SourcePath: path, Path: "copy", File: file, Described: true}
}

// TestRunsAreOpenedEarly copies a file from a distant source. Only the first runs cost a round trip.
func TestRunsAreOpenedEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, destination := &distant{Store: &mem.Store{}}, &mem.Store{}
		want := random(64 << 20)
		putLarge(t, source.Store, "a", want)
		begun := time.Now()
		if err := Copy(t.Context(), destination, oneItem(describedItem(t, source, "a")), Options{}); err != nil {
			t.Fatal(err)
		}
		// 2 senders read 64 MiB.
		reading := 32 * distantRoundTrip / 4
		if took := time.Since(begun); took > reading+2*distantRoundTrip {
			t.Errorf("the copy took %v, want one round trip more than %v", took, reading)
		}
		mustHave(t, destination, "copy", want)
	})
}

// TestEarlyRunFails cannot open a range, or is ended, while another is read.
func TestEarlyRunFails(t *testing.T) {
	failed := errors.New("failed")
	for name, fail := range map[string]func(cancel func()) error{
		"fails":    func(func()) error { return failed },
		"is ended": func(cancel func()) error { cancel(); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				source, destination := &distant{Store: &mem.Store{}}, &mem.Store{}
				putLarge(t, source.Store, "a", random(32<<20))
				ranges := 0
				source.opened = func(tranship.OpenOptions) error {
					if ranges++; ranges == 4 {
						return fail(cancel)
					}
					return nil
				}
				err := Copy(ctx, destination, oneItem(describedItem(t, source, "a")), Options{Attempts: 1})
				if err == nil || len(paths(t, destination)) > 0 {
					t.Errorf("error %v, committed %q", err, paths(t, destination))
				}
			})
		})
	}
}

// TestDescribed copies a file that the caller has described. The source is asked only if the file is
// another one by then. All that is opened is read to its end: a server takes what is not for a
// failure.
func TestDescribed(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*distant, *Item) error
		// described is how often the source is asked.
		described int64
	}{
		"is the same": {func(*distant, *Item) error { return nil }, 0},
		"was replaced": {func(source *distant, _ *Item) error {
			_, err := UploadFrom(context.Background(), source.Store, bytes.NewReader(random(5<<20)), tranship.Spec{Path: "a"})
			return err
		}, 1},
		"has no version":    {func(_ *distant, item *Item) error { item.File.Version = ""; return nil }, 1},
		"was not described": {func(_ *distant, item *Item) error { item.Described = false; return nil }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				source, destination := &distant{Store: &mem.Store{}}, &mem.Store{}
				putLarge(t, source.Store, "a", random(6<<20))
				item := describedItem(t, source, "a")
				if err := test.change(source, &item); err != nil {
					t.Fatal(err)
				}
				if err := Copy(t.Context(), destination, oneItem(item), Options{}); err != nil {
					t.Fatal(err)
				}
				if n := source.described.Load(); n != test.described {
					t.Errorf("the source was asked %d times, want %d", n, test.described)
				}
				if n := source.unread.Load(); n > 0 {
					t.Errorf("%d ranges were not read to their end", n)
				}
				file, err := source.Stat(t.Context(), "a")
				if err != nil {
					t.Fatal(err)
				}
				mustHave(t, destination, "copy", random(int(file.Size)))
			})
		})
	}
}
