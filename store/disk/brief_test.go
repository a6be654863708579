package disk

import (
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/filetime"
)

// TestBriefList compares a brief list with the whole description of each file, on a file system
// that keeps times and on one that keeps few.
func TestBriefList(t *testing.T) {
	for name, system := range map[string]system{"exact": unsynced(), "narrow": narrow(unsynced())} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, small, system)
			for _, modified := range append(years(), time.Date(2024, 2, 29, 12, 34, 56, 789_012_345, time.UTC)) {
				spec := tranship.Spec{Path: fmt.Sprintf("d/%d", modified.Year()), Attributes: tranship.Attributes{ModTime: &modified}}
				if _, err := f.Put(t.Context(), spec, []byte(spec.Path)); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.WriteFile(f.at("hand"), []byte("data"), 0o600); err != nil {
				t.Fatal(err)
			}
			listed := 0
			for entry, err := range f.List(t.Context(), tranship.ListOptions{Recursive: true, Brief: true}) {
				if err != nil {
					t.Fatal(err)
				}
				listed++
				want, err := f.Stat(t.Context(), entry.Path)
				if err != nil {
					t.Fatal(err)
				}
				if entry.Size != want.Size || !entry.ModTime.Equal(want.ModTime) || entry.ModTimeUnit != want.ModTimeUnit {
					t.Errorf("%+v, want %+v", entry.File, want)
				}
				// The record of a file whose time is not exact by itself is read.
				if isCheap := entry.Version == ""; runtime.GOOS == "linux" && isCheap != (name == "exact" && filetime.IsSafe(want.ModTime)) {
					t.Errorf("%s, of %s: cheap %v", entry.Path, want.ModTime, isCheap)
				}
			}
			if listed != len(years())+2 {
				t.Errorf("%d files", listed)
			}
		})
	}
}
