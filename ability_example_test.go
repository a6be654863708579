package tranship_test

import (
	"context"
	"fmt"
	"log"
	"sync/atomic"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/store/mem"
)

// readCounter is a decorator that counts the files that are read. It embeds the interface,
// so that no other method of the wrapped store becomes its own.
type readCounter struct {
	tranship.Store
	reads atomic.Int64
}

func (s *readCounter) Open(ctx context.Context, path string, options tranship.OpenOptions) (tranship.Content, error) {
	s.reads.Add(1)
	return s.Store.Open(ctx, path, options)
}

// Fetch reads a file and is therefore counted. As finds it only if the wrapped store is a
// Fetcher.
func (s *readCounter) Fetch(ctx context.Context, path string, size int64) (tranship.File, []byte, error) {
	s.reads.Add(1)
	return tranship.Fetch(ctx, s.Store, path, size)
}

func (s *readCounter) Unwrap() any { return s.Store }

// Passes names the abilities that read nothing. All others, including those of later
// versions, cannot bypass the counter.
func (s *readCounter) Passes(ability any) bool {
	switch ability.(type) {
	case *tranship.WidthHinter, *tranship.UploadFinder:
		return true
	}
	return false
}

// A decorator serves some abilities itself, passes harmless ones, and hides the rest.
func ExampleWrapper() {
	counter := &readCounter{Store: new(mem.Store)}
	_, finds := tranship.As[tranship.UploadFinder](counter)
	_, fetches := tranship.As[tranship.Fetcher](counter) // package mem has none
	_, keeps := tranship.As[tranship.AccountKeeper](counter)
	fmt.Println("in memory:", finds, fetches, keeps)

	address, stop := startServer()
	defer stop()
	files, err := client.Dial(context.Background(), address, client.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer files.Close()
	counter = &readCounter{Store: files}
	if _, err := counter.Put(context.Background(), tranship.Spec{Path: "file"}, []byte("data")); err != nil {
		log.Fatal(err)
	}
	if fetcher, ok := tranship.As[tranship.Fetcher](counter); ok {
		_, data, err := fetcher.Fetch(context.Background(), "file", 4)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("fetched %s in %d read\n", data, counter.reads.Load())
	}
	// Output:
	// in memory: true false false
	// fetched data in 1 read
}
