package storetest

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tranship/tranship"
)

// Left is what lists of a store that TestSkipped looks at must leave out.
type Left struct {
	// Key is that of the *tranship.SkippedError.
	Key string
	// Is is the error that it matches.
	Is error
}

// TestSkipped checks the lists of a store that must leave something out: of the
// files that it has, the paths of all, and of what it cannot list. How a store comes to
// have such things is not part of its contract, so that Test cannot make them.
func TestSkipped(t *testing.T, store tranship.Store, paths []string, left []Left) {
	t.Helper()
	f := fixture{T: t, ctx: t.Context(), store: store}
	want := slices.Clone(paths)
	for _, l := range left {
		want = append(want, l.Key)
	}
	slices.Sort(want)

	all := tranship.ListOptions{Recursive: true, ReportSkipped: true}
	got, skipped := f.listsSkipping(all)
	if !slices.Equal(got, want) {
		t.Errorf("the list is %q, want %q", got, want)
	}
	for _, l := range left {
		switch found := skipped[l.Key]; {
		case found == nil:
			t.Errorf("%q is not reported", l.Key)
		case !errors.Is(found, l.Is):
			t.Errorf("%q is left out with %v, want %v", l.Key, found.Err, l.Is)
		case strings.Contains(found.Err.Error(), l.Key):
			t.Errorf("the reason %q repeats the path", found.Err)
		case found.Unreadable() != errors.Is(l.Is, tranship.ErrDenied):
			t.Errorf("%q: Unreadable is %v", l.Key, found.Unreadable())
		}
	}

	for i, key := range want {
		if !utf8.ValidString(key) {
			continue // no entry has such a key
		}
		after := all
		after.StartAfter = key
		if got, _ := f.listsSkipping(after); !slices.Equal(got, want[i+1:]) {
			t.Errorf("after %q the list is %q, want %q", key, got, want[i+1:])
		}
		// A loop that ends at once must not be given more.
		for _, err := range store.List(t.Context(), after) {
			_ = err
			break
		}
	}

	f.skipsAtTop(want, skipped)
	f.skipsSilently(want, left, skipped)
}

// skipsAtTop compares the list of the top level with the one of all that is below.
func (f fixture) skipsAtTop(all []string, skipped map[string]*tranship.SkippedError) {
	f.Helper()
	var want []string
	for _, key := range all {
		name, below, _ := strings.Cut(key, "/")
		switch left := skipped[key]; {
		case below != "" && (left == nil || left.Unreadable()):
			want = append(want, name+"/") // perhaps of nothing but what cannot be read
		case below == "":
			want = append(want, key)
		}
	}
	slices.Sort(want)
	want = slices.Compact(want)
	if got, _ := f.listsSkipping(tranship.ListOptions{ReportSkipped: true}); !slices.Equal(got, want) {
		f.Errorf("the list of the top is %q, want %q", got, want)
	}
}

// skipsSilently lists without asking for reports: what cannot be read then ends the
// list, and what the store cannot have is left out silently.
func (f fixture) skipsSilently(all []string, left []Left, skipped map[string]*tranship.SkippedError) {
	f.Helper()
	var want error
	for _, l := range left {
		if skipped[l.Key] != nil && skipped[l.Key].Unreadable() {
			want = l.Is
		}
	}
	var got []string
	var failure error
	for entry, err := range f.store.List(f.Context(), tranship.ListOptions{Recursive: true}) {
		if failure = err; err == nil {
			got = append(got, entry.Key())
		}
	}
	if _, reported := errors.AsType[*tranship.SkippedError](failure); reported || !errors.Is(failure, want) || (want == nil) != (failure == nil) {
		f.Errorf("without reports the list ends with %v, want %v", failure, want)
	}
	var files []string
	for _, key := range all {
		if skipped[key] == nil {
			files = append(files, key)
		} else if skipped[key].Unreadable() {
			break
		}
	}
	if !slices.Equal(got, files) {
		f.Errorf("without reports the list is %q, want %q", got, files)
	}
}

// listsSkipping lists, and returns the keys of entries and of what was left out, and
// the latter.
func (f fixture) listsSkipping(options tranship.ListOptions) (keys []string, left map[string]*tranship.SkippedError) {
	f.Helper()
	left = map[string]*tranship.SkippedError{}
	for entry, err := range f.store.List(f.Context(), options) {
		skipped, ok := errors.AsType[*tranship.SkippedError](err)
		switch {
		case ok:
			left[skipped.Key()] = skipped
			keys = append(keys, skipped.Key())
		case err != nil:
			f.Errorf("List(%+v): %v", options, err)
		default:
			keys = append(keys, entry.Key())
		}
	}
	return keys, left
}
