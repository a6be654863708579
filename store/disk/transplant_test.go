package disk

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/tranship/tranship"
)

// TestCopyInSteps checks that a copy of a large file reports its progress, and that a
// cancellation ends it between two reports and leaves nothing.
func TestCopyInSteps(t *testing.T) {
	const size = 40 << 20
	f := newFixture(t, small, realSystem())
	f.writeByHand("large", "")
	if err := os.Truncate(f.at("large"), size); err != nil {
		t.Fatal(err)
	}
	var reports []int64
	ctx := tranship.NewCopyProgressContext(t.Context(), func(copied int64) { reports = append(reports, copied) })
	if _, err := f.Copy(ctx, "large", "copy", tranship.Precondition{}); err != nil {
		t.Fatal(err)
	}
	if len(reports) < 2 || reports[0] >= size || reports[len(reports)-1] != size {
		t.Errorf("reported %v", reports)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	ctx = tranship.NewCopyProgressContext(cancelled, func(int64) { cancel() })
	if _, err := f.Copy(ctx, "large", "other", tranship.Precondition{}); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled copy: %v", err)
	}
	if _, err := os.Lstat(f.at("other")); !os.IsNotExist(err) {
		t.Errorf("a cancelled copy exists: %v", err)
	}
}
