package guard_test

import (
	"context"
	"errors"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/access/policy"
	"github.com/tranship/tranship/store/guard"
	"github.com/tranship/tranship/store/mem"
)

// linkSite is a store with files, and callers with links of ann.
type linkSite struct {
	*testing.T
	store tranship.Store
}

func newLinkSite(t *testing.T, rules string) linkSite {
	t.Helper()
	inner := &mem.Store{PartSize: 1000}
	for _, path := range []string{"docs/a", "docs/d/b", "docs2/c", "inbox/old"} {
		put(t, inner, path, "1234")
	}
	parsed, err := policy.Parse("policy", []byte(rules))
	if err != nil {
		t.Fatal(err)
	}
	return linkSite{t, guard.New(inner, parsed)}
}

func (s linkSite) as(link access.Link) context.Context {
	return access.NewContext(s.Context(), access.Principal{Name: "ann", Groups: []string{"staff"}, Link: &link})
}

// reads returns an error unless a file can be read.
func (s linkSite) reads(ctx context.Context, path string) error {
	content, err := s.store.Open(ctx, path, tranship.OpenOptions{})
	if err == nil {
		err = content.Close()
	}
	return err
}

func (s linkSite) list(ctx context.Context, directory string) (paths []string) {
	for entry, err := range s.store.List(ctx, tranship.ListOptions{Directory: directory, Recursive: true}) {
		if err != nil {
			s.Fatal(err)
		}
		paths = append(paths, entry.Path)
	}
	return paths
}

// A link is limited to its path and action, whatever its principal may do.
func TestLinkLimitsItsPrincipal(t *testing.T) {
	s := newLinkSite(t, "allow ann read,write,delete,list,create,share /\nallow ann admin /\n")
	ctx := s.as(access.Link{ID: "1", Path: "docs", Directory: true, Action: access.Read})
	for path, want := range map[string]error{"docs/a": nil, "docs/d/b": nil, "docs2/c": tranship.ErrNotFound, "inbox/old": tranship.ErrNotFound} {
		if err := s.reads(ctx, path); !errors.Is(err, want) {
			t.Errorf("reading %s: %v", path, err)
		}
	}
	if got := s.list(ctx, ""); len(got) != 2 || got[0] != "docs/a" || got[1] != "docs/d/b" {
		t.Errorf("the root has %v", got)
	}
	for what, err := range map[string]error{
		"put":    putNew(ctx, s.store, "docs/new"),
		"remove": s.store.Remove(ctx, "docs/a", tranship.Precondition{}),
		"share":  guard.CheckSharing(ctx, everything{}, "docs/a", access.Read),
		"admin":  guard.CheckAdministrator(ctx, everything{}),
	} {
		if err == nil {
			t.Errorf("%s is permitted", what)
		}
	}
	drop := s.as(access.Link{ID: "2", Path: "inbox", Directory: true, Action: access.Create})
	if err := putNew(drop, s.store, "inbox/d/new"); err != nil {
		t.Error(err)
	}
	for _, path := range []string{"inbox/old", "inbox/d/new"} {
		if err := putNew(drop, s.store, path); !errors.Is(err, tranship.ErrExists) {
			t.Errorf("replacing %s: %v", path, err)
		}
		if err := s.reads(drop, path); !errors.Is(err, tranship.ErrNotFound) {
			t.Errorf("reading %s: %v", path, err)
		}
	}
	if err := putNew(drop, s.store, "docs/new"); !errors.Is(err, tranship.ErrDenied) {
		t.Errorf("outside: %v", err)
	}
	if got := s.list(drop, ""); got != nil {
		t.Errorf("a drop link lists %v", got)
	}
}

// A link ends with the rights of its principal.
func TestLinkEndsWithRights(t *testing.T) {
	for name, test := range map[string]struct {
		rules string
		reads bool
		lists int
	}{
		"all":                     {"allow ann read,list,share docs\n", true, 2},
		"by groups":               {"allow group:staff read,list,share /\n", true, 2},
		"no right to share":       {"allow ann read,list /\n", false, 0},
		"shares another path":     {"allow ann read,list /\nallow ann share docs/d\n", false, 0},
		"no right to read":        {"allow ann list,share /\n", false, 2},
		"reads only a part":       {"allow ann share /\nallow ann read,list docs/d\n", false, 1},
		"another principal's now": {"allow bob read,list,share /\n", false, 0},
	} {
		s := newLinkSite(t, test.rules)
		ctx := s.as(access.Link{ID: "1", Path: "docs", Directory: true, Action: access.Read})
		if err := s.reads(ctx, "docs/a"); (err == nil) != test.reads {
			t.Errorf("%s: %v", name, err)
		}
		if got := s.list(ctx, "docs"); len(got) != test.lists {
			t.Errorf("%s: lists %v", name, got)
		}
	}
}

func TestCheckSharing(t *testing.T) {
	rules, err := policy.Parse("policy", []byte("allow ann share,read docs\nallow bob read /\nallow eve share /\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		caller access.Principal
		path   string
		action access.Action
		want   bool
	}{
		{access.Principal{Name: "ann"}, "docs/a", access.Read, true},
		{access.Principal{Name: "ann"}, "docs/a", access.Create, false},
		{access.Principal{Name: "ann"}, "other", access.Read, false},
		{access.Principal{Name: "bob"}, "docs/a", access.Read, false},
		{access.Principal{Name: "eve"}, "docs/a", access.Read, false},
		{access.Principal{}, "docs/a", access.Read, false},
	} {
		err := guard.CheckSharing(access.NewContext(t.Context(), test.caller), rules, test.path, test.action)
		if (err == nil) != test.want || err != nil && !errors.Is(err, tranship.ErrDenied) {
			t.Errorf("%+v %v %s: %v", test.caller, test.action, test.path, err)
		}
	}
}

// everything allows everything to every caller.
type everything struct{}

func (everything) Allowed(access.Principal, access.Action, string) bool { return true }

func (everything) Prefixes(access.Principal, access.Action) policy.Prefixes {
	return policy.Prefixes{""}
}

func putNew(ctx context.Context, store tranship.Store, path string) error {
	_, err := store.Put(ctx, tranship.Spec{Path: path}, []byte("new"))
	return err
}
