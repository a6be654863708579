package storetest

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tranship/tranship"
)

// TestStateStore tests a tranship.StateStore, in several instances over one engine as well. Each
// test calls open once, for n instances without values that share all of them, which open
// releases with t.Cleanup. A StateStore of a single process may return the same one n times.
func TestStateStore(t *testing.T, open func(t *testing.T, n int) []tranship.StateStore) {
	tests := sharedStateTests()
	for _, test := range stateTests() {
		tests = append(tests, sharedStateTest{test.name, func(f stateFixture, _ []stateFixture) { test.run(f) }})
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), stalled(t))
			defer cancel()
			var all []stateFixture
			for _, state := range open(t, stateInstances) {
				all = append(all, stateFixture{fixture{T: t, ctx: ctx}, state})
			}
			if len(all) != stateInstances {
				t.Fatalf("open returned %d instances, want %d", len(all), stateInstances)
			}
			test.run(all[0], all)
		})
	}
}

// stateInstances is how many instances share the values of a test.
const stateInstances = 3

// stateFixture is a fixture for the values of a store.
type stateFixture struct {
	fixture
	state tranship.StateStore
}

// stateTest is one property of a StateStore.
type stateTest struct {
	name string
	run  func(f stateFixture)
}

// stateStoreTests are the tests of the StateStore of a store that may have none.
func stateStoreTests() []test {
	tests := []test{{"no files", stateHasNoFiles}}
	for _, of := range stateTests() {
		tests = append(tests, test{of.name, func(f fixture) { of.run(f.ofState()) }})
	}
	return tests
}

// ofState returns the fixture for the store's values.
func (f fixture) ofState() stateFixture {
	f.Helper()
	return stateFixture{f, ability[tranship.StateStore](f, f.store)}
}

func stateTests() []stateTest {
	return []stateTest{
		{"values", stateValues},
		{"wrong versions", stateWrongVersions},
		{"versions never repeat", stateVersions},
		{"keys", stateKeys},
		{"invalid", stateInvalid},
		{"lists", stateLists},
		{"lists while values change", stateListsChanges},
		{"expired", stateExpired},
		{"expires", stateExpires},
		{"context", stateContext},
	}
}

// swap stores a value, from a buffer that it then overwrites, and returns its entry.
func (f stateFixture) swap(key, version string, value []byte) tranship.StateEntry {
	f.Helper()
	return f.swapEntry(tranship.StateEntry{Key: key, Version: version, Value: value})
}

func (f stateFixture) swapEntry(entry tranship.StateEntry) tranship.StateEntry {
	f.Helper()
	given := entry
	given.Value = bytes.Clone(entry.Value)
	version, err := f.state.SwapState(f.Context(), given)
	clobber(given.Value)
	if err != nil {
		f.Fatalf("SwapState of %s with version %q: %v", entry.Key, entry.Version, err)
	}
	if version == "" || len(version) > 128 || version == entry.Version {
		f.Fatalf("the new version of %s is %q, the older %q; want 1 to 128 other bytes", entry.Key, version, entry.Version)
	}
	entry.Version = version
	return entry
}

// sameEntry checks an entry. Times may differ by less than a millisecond.
func (f stateFixture) sameEntry(got, want tranship.StateEntry) {
	f.Helper()
	if got.Key != want.Key || got.Version != want.Version || !bytes.Equal(got.Value, want.Value) {
		f.Fatalf("the state %s has version %q and %d bytes, want %s with version %q and %d bytes; or other bytes",
			got.Key, got.Version, len(got.Value), want.Key, want.Version, len(want.Value))
	}
	if got.Expires.IsZero() != want.Expires.IsZero() || got.Expires.Sub(want.Expires).Abs() >= time.Millisecond {
		f.Fatalf("the state %s expires at %v, want %v", got.Key, got.Expires, want.Expires)
	}
}

// has checks the value of a key.
func (f stateFixture) has(want tranship.StateEntry) {
	f.Helper()
	got, err := f.state.GetState(f.Context(), want.Key)
	if err != nil {
		f.Fatalf("GetState(%q): %v", want.Key, err)
	}
	f.sameEntry(got, want)
	clobber(got.Value) // it is the caller's
}

// hasNone checks that keys have no value.
func (f stateFixture) hasNone(keys ...string) {
	f.Helper()
	for _, key := range keys {
		_, err := f.state.GetState(f.Context(), key)
		f.fails("GetState of "+key, err, tranship.ErrNotFound)
	}
}

// changed checks that a change fails because of its version, and that the value stays.
func (f stateFixture) changed(key, version string) {
	f.Helper()
	before, missing := f.state.GetState(f.Context(), key)
	_, err := f.state.SwapState(f.Context(), tranship.StateEntry{Key: key, Version: version, Value: []byte("not stored")})
	f.fails("SwapState of "+key, err, tranship.ErrPrecondition)
	if version != "" {
		f.fails("RemoveState of "+key, f.state.RemoveState(f.Context(), key, version), tranship.ErrPrecondition)
	}
	if missing != nil {
		f.hasNone(key)
	} else {
		f.has(before)
	}
}

func (f stateFixture) removeState(entry tranship.StateEntry) {
	f.Helper()
	if err := f.state.RemoveState(f.Context(), entry.Key, entry.Version); err != nil {
		f.Fatalf("RemoveState(%q): %v", entry.Key, err)
	}
}

// stateHasNoFiles checks that files and values know nothing of each other.
func stateHasNoFiles(f fixture) {
	state := f.ofState()
	entry := state.swap("use/key", "", []byte("value"))
	f.isEmpty()
	file := f.put("use/key", []byte("content"))
	state.has(entry)
	entry = state.swap("use/key", entry.Version, []byte("other"))
	f.sameFile(f.has("use/key", []byte("content")), file)
	f.remove("use/key")
	state.has(entry)
	for _, path := range []string{tranship.ReservedSegment + "/state/use/key", strings.ToUpper(tranship.ReservedSegment) + "/state"} {
		_, err := f.store.Stat(f.Context(), path)
		f.invalid("Stat in the state", err)
	}
}

func stateValues(f stateFixture) {
	f.hasNone("use/key")
	entry := f.swap("use/key", "", []byte("first"))
	for _, size := range []int64{0, 1, 4096, tranship.MaxStateBytes} {
		f.has(entry)
		f.listsState("", entry)
		entry = f.swap("use/key", entry.Version, content(1, size))
	}
	f.has(entry)
	f.hasNone("use/other", "other/key", "use/key/below", "use/ke")
	f.removeState(entry)
	f.hasNone("use/key")
	f.listsState("")
}

func stateWrongVersions(f stateFixture) {
	f.changed("use/key", "unknown")
	first := f.swap("use/key", "", []byte("first"))
	f.changed("use/key", "")
	f.changed("use/key", "unknown")
	second := f.swap("use/key", first.Version, []byte("second"))
	f.changed("use/key", first.Version)
	other := f.swap("use/other", "", []byte("first"))
	f.changed("use/other", second.Version)
	f.removeState(second)
	f.changed("use/key", second.Version)
	f.changed("use/key", first.Version)
	f.has(other)
}

// stateVersions gives a key the same value again and again.
func stateVersions(f stateFixture) {
	seen := make(map[string]bool)
	entry := tranship.StateEntry{Key: "use/key", Value: []byte("value")}
	for round := range 12 {
		entry = f.swapEntry(entry)
		if seen[entry.Version] {
			f.Fatalf("the version %q was that of an earlier swap", entry.Version)
		}
		for version := range seen {
			f.changed(entry.Key, version)
		}
		seen[entry.Version] = true
		if round%3 == 2 {
			f.removeState(entry)
			entry.Version = ""
		}
	}
}

// stateKeyNames are valid keys that a file system or an engine may take for something else, in
// ascending order.
func stateKeyNames() []string {
	names := []string{
		"-/-", "a-/b", "a-b/c", "a/b", "a/b-", "a/b/c", "a/b/c/d", "a/b0", "a/ba", "a0/b", "a_/b", "aa/b", "con/nul", "com1/aux", "state/lock",
		"tmp/tmp", "uploads/x", "lock/lock", "0/0", "_/_", "-/0", "use/" + strings.Repeat("k", tranship.MaxStateKeyBytes-4),
		strings.Repeat("u", tranship.MaxStateKeyBytes-2) + "/k", strings.Repeat("a/", tranship.MaxStateKeyBytes/2-1) + "aa",
	}
	slices.Sort(names)
	return names
}

func stateKeys(f stateFixture) {
	var want []tranship.StateEntry
	for i, key := range stateKeyNames() {
		want = append(want, f.swap(key, "", content(byte(i), 100)))
	}
	for _, entry := range want {
		f.has(entry)
	}
	f.listsState("", want...)
	for i, entry := range want {
		f.removeState(entry)
		f.hasNone(entry.Key)
		f.listsState("", want[i+1:]...)
	}
}

func stateInvalid(f stateFixture) {
	for _, key := range []string{"", "a", "a/", "/a", "a//b", "A/b", "a/..", "a/.", "../a", "a/b.c", "a/é", "a/\x00", "a\\b/c", "a/" + strings.Repeat("b", tranship.MaxStateKeyBytes)} {
		_, err := f.state.GetState(f.Context(), key)
		f.invalid("GetState", err)
		_, err = f.state.SwapState(f.Context(), tranship.StateEntry{Key: key})
		f.invalid("SwapState", err)
		f.invalid("RemoveState", f.state.RemoveState(f.Context(), key, "version"))
	}
	f.invalid("RemoveState without a version", f.state.RemoveState(f.Context(), "use/key", ""))
	for _, prefix := range []string{"/", "A", "a//", ".", "../"} {
		for _, err := range f.state.ListState(f.Context(), prefix) {
			f.invalid("ListState", err)
		}
	}
	_, err := f.state.SwapState(f.Context(), tranship.StateEntry{Key: "use/key", Value: make([]byte, tranship.MaxStateBytes+1)})
	f.fails("SwapState of a value that is too long", err, tranship.ErrLimit)
	if limit, ok := errors.AsType[*tranship.LimitError](err); !ok || limit.Limit != tranship.LimitStateBytes {
		f.Fatalf("SwapState of a value that is too long is %v, want a LimitError", err)
	}
	f.listsState("")
}
