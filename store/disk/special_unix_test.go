//go:build unix

package disk

import (
	"syscall"
	"testing"

	"github.com/tranship/tranship"
)

func TestSpecialFilesAreHidden(t *testing.T) {
	f := newFixture(t, small, realSystem())
	f.put("source", "source")
	if err := syscall.Mkfifo(f.at("fifo"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"fifo", "fifo/below"} {
		f.hidden(path)
		for name, err := range f.changes(path) {
			f.fails(name+" "+path, err, tranship.ErrDenied)
		}
	}
	f.lists("source")
}
