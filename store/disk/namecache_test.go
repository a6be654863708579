package disk

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

// pager is a store whose clock is an hour fast, and later more, so that its directories were not
// changed recently. It counts how often they are read.
type pager struct {
	fixture
	reads atomic.Int32
	ahead atomic.Int64
}

func newPager(t *testing.T) *pager {
	p := &pager{}
	p.ahead.Store(int64(time.Hour))
	system := realSystem()
	system.now = func() time.Time { return time.Now().Add(time.Duration(p.ahead.Load())) }
	system.entries = func(dir *rootfs.Dir, _ string, each func(rootfs.Entry) bool) error {
		p.reads.Add(1)
		return dir.Entries(each)
	}
	p.fixture = newFixture(t, Options{Durability: tranship.DurabilityWritten}, system)
	return p
}

// fill creates n files in a directory by hand, and returns their paths in order.
func (p *pager) fill(directory string, n int) []string {
	p.Helper()
	if err := os.MkdirAll(p.at(directory), 0o755); err != nil {
		p.Fatal(err)
	}
	paths := make([]string, n)
	for i := range paths {
		paths[i] = fmt.Sprintf("%s/%05d", directory, i)
		if err := os.WriteFile(p.at(paths[i]), nil, 0o644); err != nil {
			p.Fatal(err)
		}
	}
	return paths
}

// page lists one page, and returns the options of the next.
func (p *pager) page(options tranship.ListOptions) (paths []string, next tranship.ListOptions) {
	p.Helper()
	for entry, err := range p.List(p.Context(), options) {
		if err != nil {
			p.Fatal(err)
		}
		paths = append(paths, entry.Path)
		options.StartAfter = entry.Key()
	}
	return paths, options
}

// TestListPages lists in pages, which read the directory once.
func TestListPages(t *testing.T) {
	p := newPager(t)
	want := p.fill("d", 3*minKept)
	for _, options := range []tranship.ListOptions{
		{Directory: "d"}, {Recursive: true}, {Directory: "d", ReportSkipped: true}, {Directory: "d", Prefix: "d/00"},
	} {
		p.ahead.Add(int64(keptTime))
		before := p.reads.Load()
		options.Limit = 100
		var got []string
		for {
			page, next := p.page(options)
			got = append(got, page...)
			if options = next; len(page) < options.Limit {
				break
			}
		}
		wanted := slices.DeleteFunc(slices.Clone(want), func(path string) bool { return !strings.HasPrefix(path, options.Prefix) })
		if !slices.Equal(got, wanted) {
			t.Errorf("%+v: %d entries, want %d", options, len(got), len(wanted))
		}
		reads := p.reads.Load() - before
		if options.Recursive { // the root is small, and so is read for each page
			reads -= int32(len(want)/options.Limit) + 1
		}
		if reads != 1 {
			t.Errorf("%+v: the directory was read %d times", options, reads)
		}
	}
}

// TestListPagesChanged changes a directory between two pages.
func TestListPagesChanged(t *testing.T) {
	p := newPager(t)
	paths := p.fill("d", 2*minKept)
	spec := func(path string) tranship.Spec { return tranship.Spec{Path: path} }
	for _, test := range []struct {
		name   string
		change func() error
		want   string
	}{
		{"put", func() error { _, err := p.Put(t.Context(), spec("d/00099-put"), nil); return err }, "d/00099-put"},
		{"by hand", func() error { return os.WriteFile(p.at("d/00099-hand"), nil, 0o644) }, "d/00099-hand"},
		{"move", func() error {
			_, err := p.Move(t.Context(), paths[2*minKept-1], "d/00099-moved", tranship.Precondition{})
			return err
		}, "d/00099-moved"},
		{"directory", func() error { _, err := p.Put(t.Context(), spec("d/00099-dir/file"), nil); return err }, "d/00099-dir"},
		{"removal", func() error { return p.Remove(t.Context(), "d/00100", tranship.Precondition{}) }, "d/00101"},
	} {
		page, next := p.page(tranship.ListOptions{Directory: "d", Limit: 100, StartAfter: "d/"})
		if p.keptNames.count.Load() == 0 {
			t.Fatalf("%s: nothing is kept", test.name)
		}
		if err := test.change(); err != nil {
			t.Fatal(err)
		}
		next.StartAfter = "d/00099"
		if test.name == "removal" {
			next.StartAfter = "d/00099-put"
		}
		after, _ := p.page(next)
		if !slices.Contains(after, test.want) || slices.Contains(after, "d/00100") && test.name == "removal" || len(page) == 0 {
			t.Errorf("%s: the next page is %q", test.name, after[:5])
		}
		p.ahead.Add(int64(time.Minute)) // so that the change is not recent
	}
}

// TestNamesKept checks how long, how many and of which directories names are kept.
func TestNamesKept(t *testing.T) {
	p := newPager(t)
	p.fill("d", minKept)
	p.fill("small", minKept-1)
	list := func(directory string) { p.page(tranship.ListOptions{Directory: directory}) }
	kept := func() int { return int(p.keptNames.count.Load()) }

	changed, err := os.Stat(p.at("d"))
	if err != nil {
		t.Fatal(err)
	}
	p.ahead.Store(-int64(time.Since(changed.ModTime()))) // filling both may have taken long
	if list("d"); kept() != 0 {
		t.Error("names of a directory that was changed recently are kept")
	}
	p.ahead.Store(int64(time.Hour))
	if list("small"); kept() != 0 {
		t.Error("names of a small directory are kept")
	}
	if list("d"); kept() != 1 {
		t.Errorf("%d windows are kept", kept())
	}
	reads := p.reads.Load()
	if list("d"); p.reads.Load() != reads {
		t.Error("the directory was read again")
	}
	p.ahead.Add(int64(keptTime))
	if list("d"); p.reads.Load() != reads+1 || kept() != 1 {
		t.Errorf("the directory was read %d times after keptTime; %d windows are kept", p.reads.Load()-reads, kept())
	}
	p.keptNames.added("other")
	if kept() != 1 {
		t.Error("names were forgotten for a change of another directory")
	}
	read := p.keptNames.begin("d")
	read.entries = minKept
	if p.keptNames.added("d"); kept() != 0 {
		t.Error("names are kept after a change that the file system does not record")
	}
	dir, err := p.root.Walk("d")
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	large := &window{directory: "d", text: make([]byte, keptBytes/3+1)}
	if p.keptNames.keep(dir, large, key{}, read); kept() != 0 {
		t.Error("kept names that were read while the directory changed")
	}
	for i := range 5 {
		large.from = key{name: fmt.Sprint(i)}
		read := p.keptNames.begin("d")
		read.entries = minKept
		p.keptNames.keep(dir, large, key{}, read)
	}
	if kept() != 2 {
		t.Errorf("%d windows of more than a third of the bytes that are allowed are kept", kept())
	}
	large.text = nil
	for i := range 2 * maxKept {
		large.from = key{name: fmt.Sprint(i)}
		read := p.keptNames.begin("d")
		read.entries = minKept
		p.keptNames.keep(dir, large, key{}, read)
	}
	if kept() != maxKept {
		t.Errorf("%d windows are kept, want %d", kept(), maxKept)
	}
	p.ahead.Add(int64(keptTime))
	if p.keptNames.expire(); kept() != 0 {
		t.Error("names are kept too long")
	}
}

// TestListKept lists from each key, with a budget that makes windows overlap, and compares the
// list with the directory.
func TestListKept(t *testing.T) {
	p := newPager(t)
	want := p.fill("d", 3*minKept)
	for _, name := range []string{"a", "a0", "a-b"} {
		p.fill("d/"+name, 1)
		want = append(want, "d/"+name+"/")
	}
	slices.Sort(want)
	dir, err := p.root.Walk("d")
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	budget := 2 * (minKept + 100) * (itemBytes + 5)
	for i := range len(want) {
		at := i * 577 % len(want)
		own := strings.TrimPrefix(want[at], "d/")
		name, isDir := strings.CutSuffix(own, "/")
		left := nameBudget{budget}
		w := window{budget: &left, directory: "d", entries: p.system.entries, kept: p.keptNames, from: key{name, isDir}}
		var got []string
		for {
			turn := p.turns.start(t.Context())
			more, err := w.fill(dir, turn)
			turn.end()
			if err != nil {
				t.Fatal(err)
			}
			if !more {
				break
			}
			for c, ok := w.child(); ok; c, ok = w.child() {
				got = append(got, c.key)
			}
		}
		if !slices.Equal(got, want[at:]) {
			t.Fatalf("from %q: %d names, want %d", own, len(got), len(want)-at)
		}
		if left.left != budget {
			t.Fatalf("%d bytes were not given back", budget-left.left)
		}
	}
	if reads := p.reads.Load(); reads > 50 {
		t.Errorf("the directory was read %d times", reads)
	}
}

// TestNamesKeptWhileAdded adds a name at any moment while a window is being kept: the window
// must be forgotten, also where a directory's times would not tell.
func TestNamesKeptWhileAdded(t *testing.T) {
	f := newFixture(t, small, realSystem())
	dir, err := f.root.Walk("")
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	const moments = 20_000
	now, waited := time.Now().Add(time.Hour), 0
	for moment := range 4 * moments {
		c := newNameCache(func() time.Time { return now })
		read := c.begin("")
		read.entries = minKept
		var group sync.WaitGroup
		group.Go(func() { c.keep(dir, &window{complete: true}, key{}, read) })
		group.Go(func() {
			for range moment % moments { // less than any sleep
				waited++
			}
			c.added("")
		})
		group.Wait()
		left := len(c.kept)
		c.close()
		if left > 0 {
			t.Fatalf("moment %d: a window without the name that was added is kept", moment)
		}
	}
}
