package token

import (
	"bytes"
	"crypto/subtle"
	"fmt"
	"slices"
	"strings"
	"time"
)

// list has the entries of a file by id.
type list map[string][]Entry

// LineError means that a line of a file is malformed.
type LineError struct {
	// Line is the number of the line, from 1.
	Line int
	// Err is what is wrong with the line.
	Err error
}

// Error implements error.
func (e *LineError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }

// Unwrap returns Err.
func (e *LineError) Unwrap() error { return e.Err }

// parse parses a file. It continues after a malformed line, and returns all others with a
// *LineError for the first malformed one.
func parse(content []byte) (all list, first error) {
	all = list{}
	number := 0
	for line := range bytes.Lines(content) {
		number++
		text := strings.TrimSpace(string(line))
		if text == "" || text[0] == '#' {
			continue
		}
		e, err := parseEntry(text)
		if err == nil {
			err = all.add(e)
		}
		if err != nil && first == nil {
			first = &LineError{Line: number, Err: err}
		}
	}
	return all, first
}

// add adds an entry. It returns an error for a token that has an entry already, and makes
// both invalid, because it cannot know which one is meant.
func (l list) add(e Entry) error {
	for i, other := range l[e.ID()] {
		if other.hash == e.hash {
			l[e.ID()][i] = Entry{hash: e.hash}
			return fmt.Errorf("the token %s has two lines: delete one of them", e.ID())
		}
	}
	l[e.ID()] = append(l[e.ID()], e)
	return nil
}

// find returns the entry of a token. It looks entries up by id, which is not a secret, and
// then compares the whole hash in constant time.
func (l list) find(token string) (Entry, bool) {
	wanted := Entry{hash: hashOf(token)}
	for _, e := range l[wanted.ID()] {
		if subtle.ConstantTimeCompare(e.hash[:], wanted.hash[:]) == 1 {
			return e, e.Name != ""
		}
	}
	return Entry{}, false
}

// groupsOf returns the groups of all tokens of a principal that are valid at a time, in ascending
// order, and whether there is such a token.
func (l list) groupsOf(name string, now time.Time) (groups []string, ok bool) {
	for _, entries := range l {
		for _, e := range entries {
			if name != "" && e.Name == name && !e.IsExpired(now) {
				groups, ok = append(groups, e.Groups...), true
			}
		}
	}
	slices.Sort(groups)
	return slices.Compact(groups), ok
}

// intersect returns the entries that are equal in both lists.
func (l list) intersect(other list) list {
	both := list{}
	for id, entries := range l {
		for _, e := range entries {
			for _, o := range other[id] {
				if e.Name != "" && e.equal(o) {
					both[id] = append(both[id], e)
				}
			}
		}
	}
	return both
}
