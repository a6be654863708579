package transfer

import (
	"errors"
	"os"
	"testing"

	"github.com/tranship/tranship/store/mem"
)

// Files that the system makes up while they are read have a size that says nothing,
// and are not copied as that says.
func TestUnsized(t *testing.T) {
	for _, name := range []string{
		"/proc/self/status",                           // has size 0, and more
		"/sys/kernel/mm/transparent_hugepage/enabled", // has size 4096, and less
	} {
		info, err := os.Stat(name)
		if err != nil {
			t.Logf("%v", err)
			continue
		}
		store := &mem.Store{}
		err = Copy(t.Context(), store, itemOf(LocalFile(name), name, info.Size()), Options{})
		if !errors.Is(err, ErrUnsized) || !errors.Is(err, ErrChanged) || len(paths(t, store)) > 0 {
			t.Errorf("%s of %d bytes: %v, %q", name, info.Size(), err, paths(t, store))
		}
	}
}
