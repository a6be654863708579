package quota_test

import (
	"fmt"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/store/quota"
)

// TestRemoveAll checks that files and directories no longer count after RemoveAll.
func TestRemoveAll(t *testing.T) {
	for name, store := range map[string]tranship.Store{"mem": new(mem.Store), "disk": openDisk(t, t.TempDir())} {
		t.Run(name, func(t *testing.T) {
			limited := limited(t, store, quota.Options{Bytes: 1000, Files: 100})
			for i := range 20 {
				if _, err := limited.Put(t.Context(), tranship.Spec{Path: fmt.Sprintf("d/%d/file", i)}, []byte("0123456789")); err != nil {
					t.Fatal(err)
				}
			}
			if usage := limited.Usage(""); usage.Bytes != 200 || usage.Files != 41 {
				t.Errorf("before: %v", usage)
			}
			removed, err := tranship.RemoveAll(t.Context(), limited, "d", tranship.RemoveAllOptions{})
			if usage := limited.Usage(""); removed != 20 || err != nil || usage != (quota.Usage{}) {
				t.Errorf("%d files, %v; then %v", removed, err, usage)
			}
		})
	}
}
