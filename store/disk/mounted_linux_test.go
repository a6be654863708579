package disk

import (
	"syscall"
	"testing"
)

// TestStateMounted mounts the state directory, and directories of it, at paths of the store.
func TestStateMounted(t *testing.T) {
	for _, from := range []string{".tranship", ".tranship/tls", ".tranship/uploads", ".tranship/tmp", "."} {
		t.Run(from, func(t *testing.T) {
			f, u, _ := withState(t, realSystem())
			f.writeByHand("docs/pub/mounted/here", "")
			if err := syscall.Mount(f.at(from), f.at("docs/pub"), "", syscall.MS_BIND, ""); err != nil {
				t.Skipf("nothing can be mounted here: %v", err)
			}
			unmount := func() {
				if err := syscall.Unmount(f.at("docs/pub"), syscall.MNT_DETACH); err != nil {
					t.Error(err)
				}
			}
			t.Cleanup(unmount)
			path := "docs/pub"
			if from == "." { // the directory of the store, with its state below
				path += "/.tranship"
			}
			f.unreachable(path)
			f.detach(u)
		})
	}
}
