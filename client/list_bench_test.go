package client_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/store/disk"
	"github.com/tranship/tranship/store/mem"
)

// BenchmarkPages lists 80,000 files in one list, and in pages of 1,000 with a list each, in
// each store. The pages together take about as long as the one list. (A directory that was
// changed in the last two seconds is read for each page.)
func BenchmarkPages(b *testing.B) {
	const files = 80_000
	memory, directory := &mem.Store{}, b.TempDir()
	for i := range files {
		path := fmt.Sprintf("file-%08d.data", i*7919%files)
		if _, err := memory.Put(b.Context(), tranship.Spec{Path: path}, nil); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(directory, path), nil, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	onDisk, err := disk.Open(directory, disk.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer onDisk.Close()
	for _, store := range []struct {
		name string
		tranship.Store
	}{
		{"mem", memory},
		{"disk", onDisk},
		{"client-mem", connect(b, memory, client.Options{})},
		{"client-disk", connect(b, onDisk, client.Options{})},
	} {
		for _, limit := range []int{0, 1000} {
			kind := "one"
			if limit > 0 {
				kind = "pages"
			}
			b.Run(store.name+"/"+kind, func(b *testing.B) {
				for b.Loop() {
					if n := listPages(b, store, limit); n != files {
						b.Fatalf("%d entries, want %d", n, files)
					}
				}
			})
		}
	}
}

// listPages lists in pages of limit entries, or at once if limit is 0, and returns the
// number of entries.
func listPages(b *testing.B, store tranship.Store, limit int) (n int) {
	for options := (tranship.ListOptions{Limit: limit}); ; {
		page := 0
		for entry, err := range store.List(b.Context(), options) {
			if err != nil {
				b.Fatal(err)
			}
			options.StartAfter = entry.Key()
			page++
		}
		if n += page; limit == 0 || page < limit {
			return n
		}
	}
}
