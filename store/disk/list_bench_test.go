package disk

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tranship/tranship"
)

// BenchmarkList lists a directory of 80,000 files, in one list and in pages of 1,000. The pages
// take little longer, although each is a list of its own.
func BenchmarkList(b *testing.B) {
	const files = 80_000
	directory := b.TempDir()
	for i := range files {
		name := filepath.Join(directory, fmt.Sprintf("file-%08d.data", i*7919%files))
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	// Names are kept only if the directory was not changed recently.
	system := realSystem()
	system.now = func() time.Time { return time.Now().Add(time.Hour) }
	store, err := open(directory, Options{}, system)
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	for _, limit := range []int{0, 1000} {
		name := "one"
		if limit > 0 {
			name = "pages"
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				options := tranship.ListOptions{Limit: limit}
				n := 0
				for more := true; more; {
					page := 0
					for entry, err := range store.List(b.Context(), options) {
						if err != nil {
							b.Fatal(err)
						}
						options.StartAfter = entry.Key()
						page++
					}
					n += page
					more = limit > 0 && page == limit
				}
				if n != files {
					b.Fatalf("%d entries", n)
				}
			}
		})
	}
}
