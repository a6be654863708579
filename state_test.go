package tranship_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tranship/tranship"
)

func TestValidateStateKey(t *testing.T) {
	long := "a/" + strings.Repeat("b", tranship.MaxStateKeyBytes-2)
	for _, valid := range []string{"a/b", "links/3f2a", "a/b/c", "-/_", "con/nul", "0/0", long} {
		if err := tranship.ValidateStateKey(valid); err != nil {
			t.Errorf("%q: %v", valid, err)
		}
		for end := range len(valid) {
			if err := tranship.ValidateStatePrefix(valid[:end]); err != nil {
				t.Errorf("prefix %q: %v", valid[:end], err)
			}
		}
	}
	for _, invalid := range []string{"", "a", "a/", "/a", "a//b", "A/b", "a/.", "a/..", "a/b.c", "a\\b/c", "a/é", "a/\x00", "a/b ", "a/\xff", long + "b"} {
		err := tranship.ValidateStateKey(invalid)
		if _, ok := errors.AsType[*tranship.InvalidError](err); !ok {
			t.Errorf("the key %q is %v, want an InvalidError", invalid, err)
		}
	}
	for _, invalid := range []string{"/", "a//", "A", ".", "a/b.", "a\x00", long + "b"} {
		if err := tranship.ValidateStatePrefix(invalid); !errors.Is(err, tranship.ErrInvalid) {
			t.Errorf("the prefix %q is %v, want ErrInvalid", invalid, err)
		}
	}
}

func TestStateEntry(t *testing.T) {
	entry := tranship.StateEntry{Key: "a/b", Value: make([]byte, tranship.MaxStateBytes)}
	if err := entry.Validate(); err != nil {
		t.Error(err)
	}
	entry.Value = append(entry.Value, 0)
	limit, ok := errors.AsType[*tranship.LimitError](entry.Validate())
	if !ok || limit.Limit != tranship.LimitStateBytes || limit.Allowed != tranship.MaxStateBytes || limit.Asked != tranship.MaxStateBytes+1 {
		t.Errorf("a value that is too long: %+v", limit)
	}
	now := time.Now()
	if entry.Expired(now) {
		t.Error("a value without a time of expiry has expired")
	}
	entry.Expires = now
	if !entry.Expired(now) || entry.Expired(now.Add(-1)) {
		t.Errorf("a value that expires at %v: %v then, %v before", now, entry.Expired(now), entry.Expired(now.Add(-1)))
	}
}
