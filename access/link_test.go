package access_test

import (
	"testing"

	"github.com/tranship/tranship/access"
)

func TestLinkPermits(t *testing.T) {
	permitted := map[access.Action]map[access.Action][]string{
		access.Read: {access.Read: {"a/b", "a/b/c", "a/b/c/d"}, access.List: {"a/b", "a/b/c", "a/b/c/d"}},
		// A drop link makes what is below its directory, and nothing else.
		access.Create: {access.Create: {"a/b/c", "a/b/c/d"}},
		// A link is not made for any other action.
		access.Write: {}, access.Admin: {}, access.Share: {}, 0: {},
	}
	for kind, allowed := range permitted {
		link := &access.Link{ID: "1", Path: "a/b", Directory: true, Action: kind}
		for _, action := range append(access.Actions(), 0) {
			for _, path := range []string{"", "a", "a/b", "a/b/c", "a/b/c/d", "a/bc", "a/c", "b", "x/a/b"} {
				want := false
				for _, p := range allowed[action] {
					want = want || p == path
				}
				if got := link.Permits(action, path); got != want {
					t.Errorf("a link for %v permits %v on %q: %v", kind, action, path, got)
				}
			}
		}
	}
	// What is below the path of a file that has become a directory was not shared.
	file := &access.Link{ID: "1", Path: "a/b", Action: access.Read}
	if !file.Permits(access.Read, "a/b") || file.Permits(access.Read, "a/b/c") || file.Permits(access.List, "a/b/c") {
		t.Error("a link to a file permits the wrong paths")
	}
}
