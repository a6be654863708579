package token

import (
	"bytes"
	"crypto/subtle"
	"fmt"
	"strings"
)

// list are the tokens of a file, by id.
type list map[string][]Entry

// LineError says which line of a file is not what it must be.
type LineError struct {
	// Line counts from 1.
	Line int
	// Err is what is wrong with it.
	Err error
}

// Error implements error.
func (e *LineError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }

// Unwrap returns Err.
func (e *LineError) Unwrap() error { return e.Err }

// parse reads a file. It goes on after a line that is wrong, and returns all others,
// with the first such error.
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

// add takes one token in. One that is there twice is gone: which line would count?
func (l list) add(e Entry) error {
	for i, other := range l[e.ID()] {
		if other.hash == e.hash {
			l[e.ID()][i] = Entry{hash: e.hash}
			return fmt.Errorf("the token %s has two lines: leave one", e.ID())
		}
	}
	l[e.ID()] = append(l[e.ID()], e)
	return nil
}

// find returns the entry of a token. Ids are no secrets; what there is beside is
// compared in constant time.
func (l list) find(token string) (Entry, bool) {
	wanted := Entry{hash: hashOf(token)}
	for _, e := range l[wanted.ID()] {
		if subtle.ConstantTimeCompare(e.hash[:], wanted.hash[:]) == 1 {
			return e, e.Name != ""
		}
	}
	return Entry{}, false
}

// and is what both lists say in the same words.
func (l list) and(other list) list {
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
