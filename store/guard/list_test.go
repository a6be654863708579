package guard_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/store/guard"
)

// crowd is a store of a great many files, generated as they are listed: home/000000/file
// and so on. It counts its calls and the entries that it yields.
type crowd struct {
	tranship.Store // nil: no other method may be called
	t              *testing.T
	entries, asked int
}

const crowded = 100_000

func (c *crowd) Stat(_ context.Context, path string) (tranship.File, error) {
	c.asked++
	if strings.HasSuffix(path, "/file") {
		return tranship.File{Path: path, CRC32C: new(uint32(1))}, nil
	}
	return tranship.File{}, fmt.Errorf("%w: %s", tranship.ErrNotFound, path)
}

func (c *crowd) List(_ context.Context, options tranship.ListOptions) iter.Seq2[tranship.Entry, error] {
	c.asked++
	return func(yield func(tranship.Entry, error) bool) {
		first, last := 0, crowded
		if strings.Count(options.Directory, "/") > 1 { // below a file
			return
		}
		if _, err := fmt.Sscanf(options.Directory, "home/%d", &first); err == nil {
			last = first + 1
		}
		for i := first; i < last; i++ {
			c.entries++
			path := fmt.Sprintf("home/%06d", i)
			entry := tranship.Entry{File: tranship.File{Path: path}, IsDir: true}
			if options.Recursive || last == first+1 {
				entry = tranship.Entry{File: tranship.File{Path: path + "/file", CRC32C: new(uint32(1))}}
			}
			if !yield(entry, nil) {
				return
			}
		}
	}
}

// The cost of a list depends on what the caller may see, and not on other files.
func TestListCostsWhatItShows(t *testing.T) {
	rules := parse(t, `allow * read,list home/{principal}
allow group:few list home/000007/file
allow group:few list home/000007/none
allow group:all list home
`)
	own := access.Principal{Name: "000003"}
	few := access.Principal{Name: "000003", Groups: []string{"few"}}
	all := access.Principal{Name: "000003", Groups: []string{"all"}}
	for name, test := range map[string]struct {
		who           access.Principal
		options       tranship.ListOptions
		want          string
		asked, listed int
	}{
		"top":               {own, tranship.ListOptions{}, "home/", 2, 1},
		"homes":             {own, tranship.ListOptions{Directory: "home"}, "home/000003/", 2, 1},
		"all files":         {own, tranship.ListOptions{Recursive: true}, "home/000003/file", 2, 1},
		"own":               {own, tranship.ListOptions{Directory: "home/000003"}, "home/000003/file", 1, 1},
		"another's":         {own, tranship.ListOptions{Directory: "home/000004"}, "", 0, 0},
		"homes of some":     {few, tranship.ListOptions{Directory: "home"}, "home/000003/ home/000007/", 4, 1},
		"files of some":     {few, tranship.ListOptions{Recursive: true}, "home/000003/file home/000007/file", 6, 1},
		"anonymous":         {access.Principal{}, tranship.ListOptions{Recursive: true}, "", 0, 0},
		"stopped after two": {all, tranship.ListOptions{Directory: "home"}, "home/000000/ home/000001/ …", 1, 2},
	} {
		t.Run(name, func(t *testing.T) {
			inner := &crowd{t: t}
			var keys []string
			for entry, err := range guard.New(inner, rules).List(as(t.Context(), test.who), test.options) {
				if err != nil {
					t.Fatal(err)
				}
				keys = append(keys, entry.Key())
				if len(keys) == 2 && test.listed == 2 {
					keys = append(keys, "…")
					break
				}
			}
			if got := strings.Join(keys, " "); got != test.want {
				t.Errorf("listed %q, want %q", got, test.want)
			}
			if inner.asked > test.asked || inner.entries > test.listed {
				t.Errorf("%d calls of the store, for %d entries; want at most %d and %d", inner.asked, inner.entries, test.asked, test.listed)
			}
		})
	}
	inner := &crowd{t: t}
	n := 0
	for entry, err := range guard.New(inner, rules).List(as(t.Context(), all), tranship.ListOptions{Directory: "home", Recursive: true}) {
		n++
		if err != nil || (entry.CRC32C != nil) != (entry.Path == "home/000003/file") {
			t.Fatalf("%+v, %v", entry, err)
		}
		if inner.entries != n {
			t.Fatalf("the guard yielded %d entries after the store yielded %d", n, inner.entries)
		}
	}
	if n != crowded {
		t.Errorf("%d entries, want %d", n, crowded)
	}
}

// The guard does not call the store for a denied path, so that timing reveals nothing.
func TestStoreIsNotAsked(t *testing.T) {
	guarded := guard.New(nil, parse(t, "allow bob write,delete elsewhere\n"))
	ctx := as(t.Context(), bob)
	calls := map[string]func() error{
		"Stat":   func() error { _, err := guarded.Stat(ctx, "a"); return err },
		"Open":   func() error { _, err := guarded.Open(ctx, "a", tranship.OpenOptions{}); return err },
		"Put":    func() error { _, err := guarded.Put(ctx, tranship.Spec{Path: "a"}, nil); return err },
		"Begin":  func() error { _, err := guarded.Begin(ctx, tranship.Spec{Path: "a"}); return err },
		"Remove": func() error { return guarded.Remove(ctx, "a", tranship.Precondition{}) },
		"SetAttributes": func() error {
			_, err := guarded.SetAttributes(ctx, "a", tranship.Attributes{}, tranship.Precondition{})
			return err
		},
		"Move": func() error {
			_, err := guarded.Move(ctx, "elsewhere", "elsewhere", tranship.Precondition{})
			return err
		},
		"Copy": func() error {
			_, err := guarded.Copy(ctx, "a", "elsewhere", tranship.Precondition{})
			return err
		},
		"List": func() error {
			for entry := range guarded.List(ctx, tranship.ListOptions{Recursive: true}) {
				t.Errorf("List has %v", entry)
			}
			return tranship.ErrNotFound
		},
	}
	for name, call := range calls {
		if err := call(); err == nil { // a call of the nil store would have panicked
			t.Errorf("%s is allowed", name)
		}
	}
}

// gappy is a store whose generated lists skip entries.
type gappy struct{ tranship.Store }

func (gappy) Stat(_ context.Context, path string) (tranship.File, error) {
	if strings.HasPrefix(path, "closed/") {
		return tranship.File{}, fmt.Errorf("%w: cannot describe %s", tranship.ErrDenied, path)
	}
	return tranship.File{}, fmt.Errorf("%w: %s", tranship.ErrNotFound, path)
}

func (gappy) List(_ context.Context, options tranship.ListOptions) iter.Seq2[tranship.Entry, error] {
	return func(yield func(tranship.Entry, error) bool) {
		skip := func(path string, dir bool, err error) bool {
			below := options.Directory == "" || strings.HasPrefix(path, options.Directory+"/")
			skipped := &tranship.SkippedError{Path: path, IsDir: dir, Err: err}
			return !below || skipped.Key() <= options.StartAfter || yield(tranship.Entry{}, skipped)
		}
		switch {
		case options.Directory == "gone":
			yield(tranship.Entry{}, fmt.Errorf("%w: the store is closed", tranship.ErrUnavailable))
		case strings.HasPrefix(options.Directory+"/", "closed/"):
			yield(tranship.Entry{}, fmt.Errorf("%w: cannot list %s", tranship.ErrDenied, options.Directory))
		case options.Directory == "torn":
			torn := tranship.Entry{File: tranship.File{Path: "torn/file"}}
			if options.StartAfter >= torn.Key() || yield(torn, nil) {
				yield(tranship.Entry{}, fmt.Errorf("%w: cannot list torn", tranship.ErrDenied))
			}
		case !skip("a/bad\xff", false, tranship.ErrInvalid):
		case !skip("a/secret", true, tranship.ErrDenied):
		case !skip("b/link", false, tranship.ErrUnsupported):
		case !skip("c/secret", true, tranship.ErrDenied):
		}
	}
}

// A list reports skipped entries only at paths that the caller may list.
func TestListSkips(t *testing.T) {
	rules := parse(t, `allow all list /
allow a list a
allow b list b
allow ab list b
allow ab list a/secret
allow closed list closed/x
allow closed list c
allow gone list gone
allow gone list a
allow torn list torn
allow torn list a
`)
	for name, test := range map[string]struct {
		options tranship.ListOptions
		want    string
	}{
		"all":    {tranship.ListOptions{Recursive: true}, `!a/bad\xff !a/secret/ !b/link !c/secret/`},
		"a":      {tranship.ListOptions{Recursive: true}, `!a/bad\xff !a/secret/`},
		"b":      {tranship.ListOptions{Recursive: true}, `!b/link`},
		"ab":     {tranship.ListOptions{Recursive: true}, `!b/link`},
		"none":   {tranship.ListOptions{Recursive: true}, ``},
		"closed": {tranship.ListOptions{Recursive: true}, `!c/secret/ !closed/x !closed/x/`},
		"gone":   {tranship.ListOptions{Recursive: true}, `!a/bad\xff !a/secret/ unavailable`},
		// A directory of which a file was yielded is not reported as skipped.
		"torn":        {tranship.ListOptions{Recursive: true}, `!a/bad\xff !a/secret/ torn/file denied`},
		"torn after":  {tranship.ListOptions{Recursive: true, StartAfter: "torn/file"}, `denied`},
		"torn passed": {tranship.ListOptions{Recursive: true, StartAfter: "torn/~"}, `denied`},
		// Directories that may have a file.
		"a top":      {tranship.ListOptions{}, `a/`},
		"b top":      {tranship.ListOptions{}, ``},
		"closed top": {tranship.ListOptions{}, `c/ closed/`},
		"b after":    {tranship.ListOptions{Recursive: true, StartAfter: "b/link"}, ``},
	} {
		t.Run(name, func(t *testing.T) {
			caller, _, _ := strings.Cut(name, " ")
			ctx := as(t.Context(), access.Principal{Name: caller})
			test.options.ReportSkipped = true
			var got []string
			for entry, err := range guard.New(gappy{}, rules).List(ctx, test.options) {
				skipped, ok := errors.AsType[*tranship.SkippedError](err)
				switch {
				case err == nil:
					got = append(got, entry.Key())
				case ok:
					got = append(got, "!"+strings.TrimSuffix(skipped.Display(), "/")+strings.TrimPrefix(skipped.Key(), skipped.Path))
				case errors.Is(err, tranship.ErrUnavailable):
					got = append(got, "unavailable")
				case errors.Is(err, tranship.ErrDenied):
					got = append(got, "denied")
				default:
					t.Errorf("List: %v", err)
				}
			}
			if strings.Join(got, " ") != test.want {
				t.Errorf("List has %q, want %s", got, test.want)
			}
		})
	}
}
