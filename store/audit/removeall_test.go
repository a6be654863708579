package audit_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/audit"
	"github.com/tranship/tranship/store/mem"
)

// TestRemoveAll checks that each removed file has a line, and that the whole call has one,
// also if it fails.
func TestRemoveAll(t *testing.T) {
	for _, allow := range []func(string) error{nil, func(path string) error {
		if path == "d/b" {
			return tranship.ErrDenied
		}
		return nil
	}} {
		var log bytes.Buffer
		inner := new(mem.Store)
		for _, path := range []string{"d/a", "d/b"} {
			if _, err := inner.Put(t.Context(), tranship.Spec{Path: path}, nil); err != nil {
				t.Fatal(err)
			}
		}
		_, err := tranship.RemoveAll(t.Context(), audit.New(inner, audit.NewLog(&log, nil)), "d", tranship.RemoveAllOptions{Allow: allow})
		var got []string
		for _, line := range lines(t, log.Bytes()) {
			got = append(got, brief(line))
		}
		want := []string{"delete ok anonymous d/a", "delete ok anonymous d/b", "delete_tree ok anonymous d 2"}
		if allow != nil {
			want = []string{"delete ok anonymous d/a", "delete_tree denied anonymous d 1"}
		}
		if errors.Is(err, tranship.ErrDenied) != (allow != nil) || !slices.Equal(got, want) {
			t.Errorf("%v; the log has %q, want %q", err, got, want)
		}
	}
}
