package guard_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/guard"
	"github.com/tranship/tranship/store/mem"
)

// TestRemoveAll removes directories in which the caller has different rights. Exactly the
// files that the caller may list and delete are removed, up to the first one that the
// caller may only list.
func TestRemoveAll(t *testing.T) {
	for rules, want := range map[string]struct {
		left string
		err  error
	}{
		"allow ann list,delete /":                                {"d-e", nil},
		"allow ann list,delete d":                                {"d-e", nil},
		"allow ann list /\nallow ann delete d/a":                 {"d-e d/b d/c/x d/c/y d/d", tranship.ErrDenied},
		"allow ann list d":                                       {"d-e d/a d/b d/c/x d/c/y d/d", tranship.ErrDenied},
		"allow ann delete /":                                     {"d-e d/a d/b d/c/x d/c/y d/d", nil},
		"allow ann list,delete d/c":                              {"d-e d/a d/b d/d", nil},
		"allow ann list,delete d/a\nallow ann list,delete d/c/y": {"d-e d/b d/c/x d/d", nil},
		"allow bob list,delete /":                                {"d-e d/a d/b d/c/x d/c/y d/d", nil},
	} {
		inner := new(mem.Store)
		for _, path := range []string{"d/a", "d/b", "d/c/x", "d/c/y", "d/d", "d-e"} {
			put(t, inner, path, "")
		}
		guarded := guard.New(inner, parse(t, rules+"\n"))
		removed, err := tranship.RemoveAll(as(t.Context(), ann), guarded, "d", tranship.RemoveAllOptions{})
		var left []string
		for entry, err := range inner.List(t.Context(), tranship.ListOptions{Recursive: true}) {
			if err != nil {
				t.Fatal(err)
			}
			left = append(left, entry.Path)
		}
		if !errors.Is(err, want.err) || (want.err == nil) != (err == nil) || strings.Join(left, " ") != want.left || int(removed) != 6-len(left) {
			t.Errorf("with %q: %d files, %v; %q are left, want %q", rules, removed, err, left, want.left)
		}
	}
}

// TestRemoveAllPolicyChanges revokes the caller's rights in the middle of a removal.
func TestRemoveAllPolicyChanges(t *testing.T) {
	for _, after := range []string{"allow ann list /\n", "allow bob list,delete /\n"} {
		inner, rules := new(mem.Store), new(changing)
		var want []string
		for _, path := range []string{"d/a", "d/b", "d/c"} {
			put(t, inner, path, "")
		}
		rules.now.Store(parse(t, "allow ann list,delete /\n"))
		guarded := guard.New(inner, rules)
		removed, err := tranship.RemoveAll(as(t.Context(), ann), guarded, "d", tranship.RemoveAllOptions{Progress: func(path string) {
			want = append(want, path)
			rules.now.Store(parse(t, after))
		}})
		if removed != 1 || !errors.Is(err, tranship.ErrDenied) || !slices.Equal(want, []string{"d/a"}) {
			t.Errorf("after %q: %d files, %v", after, removed, err)
		}
	}
}
