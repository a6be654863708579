package transfer

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/tranship/tranship/store/localdir"
	"github.com/tranship/tranship/store/mem"
)

// benchmarkTree makes a directory of 10,000 files of 4 KiB, and returns it.
func benchmarkTree(b *testing.B) *localdir.Dir {
	b.Helper()
	name, data := b.TempDir(), make([]byte, 4<<10)
	for i := range 100 {
		directory := filepath.Join(name, fmt.Sprint("d", i))
		if err := os.Mkdir(directory, 0o755); err != nil {
			b.Fatal(err)
		}
		for j := range 100 {
			if err := os.WriteFile(filepath.Join(directory, fmt.Sprint("file", j)), data, 0o644); err != nil {
				b.Fatal(err)
			}
		}
	}
	dir, err := localdir.Open(name)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = dir.Close() })
	return dir
}

// BenchmarkCopySmall copies small files from a local directory.
func BenchmarkCopySmall(b *testing.B) {
	dir := benchmarkTree(b)
	b.ReportAllocs()
	for b.Loop() {
		if err := Copy(b.Context(), &mem.Store{}, Walk(b.Context(), dir, "", ""), Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCopyUnchanged copies small files that are at the destination already.
func BenchmarkCopyUnchanged(b *testing.B) {
	dir, store := benchmarkTree(b), &mem.Store{}
	if err := Copy(b.Context(), store, Walk(b.Context(), dir, "", ""), Options{}); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		items := Compare(b.Context(), store, "", Walk(b.Context(), dir, "", ""), 0)
		if err := Copy(b.Context(), store, items, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
