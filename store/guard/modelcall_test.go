package guard_test

import (
	"io/fs"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
)

func (m *model) stat(who access.Principal) {
	path := m.somePath()
	got, err := m.guarded.Stat(as(m.Context(), who), path)
	m.decide(who, err, []need{{access.Read, path, false}}, func() error {
		want, failed := m.shadow.Stat(m.Context(), path)
		if err == nil {
			m.sameFile(who, got, want)
		}
		return failed
	})
}

func (m *model) open(who access.Principal) {
	path := m.somePath()
	got, err := m.guarded.Open(as(m.Context(), who), path, tranship.OpenOptions{Offset: int64(m.IntN(2))})
	if err == nil {
		m.fine(got.Close())
	}
	m.decide(who, err, []need{{access.Read, path, false}}, func() error {
		_, err := m.shadow.Stat(m.Context(), path)
		return err
	})
}

func (m *model) put(who access.Principal) {
	path := m.somePath()
	one, other := m.precondition(path)
	spec, data := m.spec(path, one), m.data()
	spec.Owner = "another"
	_, err := m.guarded.Put(as(m.Context(), who), spec, data)
	action, other := m.making(who, path, other)
	m.decide(who, err, []need{{action, path, true}}, func() error {
		spec.Precondition = other
		_, err := m.shadow.Put(m.Context(), spec, data)
		return err
	})
}

// making returns the right with which a call makes a file at a path, and the precondition of
// the shadow: with the right to create alone, the file must not exist.
func (m *model) making(who access.Principal, path string, shadow tranship.Precondition) (access.Action, tranship.Precondition) {
	if shadow.MustMatchVersion != "" || shadow.MustMatchRevision != "" || m.naive.allows(who, access.Write, path) || !m.naive.allows(who, access.Create, path) {
		return access.Write, shadow
	}
	shadow.MustNotExist = true
	return access.Create, shadow
}

func (m *model) set(who access.Principal) {
	path := m.somePath()
	one, other := m.precondition(path)
	attributes := m.spec(path, one).Attributes
	if m.IntN(3) == 0 {
		attributes = tranship.Attributes{Mode: pick(m, nil, new(fs.FileMode(0o600)))}
	}
	got, err := m.guarded.SetAttributes(as(m.Context(), who), path, attributes, one)
	m.decide(who, err, []need{{access.Write, path, false}}, func() error {
		want, failed := m.shadow.SetAttributes(m.Context(), path, attributes, other)
		switch {
		case err != nil:
		case m.mayKnow(who, path):
			m.sameFile(who, got, want)
		case !reflect.DeepEqual(got, attributes.Apply(tranship.File{Path: path})):
			m.Errorf("a caller who may only write gets %+v of %+v, and has set %+v", got, want, attributes)
		}
		return failed
	})
}

func (m *model) remove(who access.Principal) {
	path := m.somePath()
	one, other := m.precondition(path)
	err := m.guarded.Remove(as(m.Context(), who), path, one)
	m.decide(who, err, []need{{access.Delete, path, false}}, func() error {
		return m.shadow.Remove(m.Context(), path, other)
	})
}

func (m *model) transplant(who access.Principal) {
	source, destination := m.somePath(), m.somePath()
	one, other := m.precondition(destination)
	action, other := m.making(who, destination, other)
	needs := []need{{access.Read, source, false}, {access.Delete, source, false}, {action, destination, true}}
	if m.IntN(2) > 0 {
		_, err := m.guarded.Move(as(m.Context(), who), source, destination, one)
		m.decide(who, err, needs, func() error {
			_, err := m.shadow.Move(m.Context(), source, destination, other)
			return err
		})
		return
	}
	_, err := m.guarded.Copy(as(m.Context(), who), source, destination, one)
	m.decide(who, err, slices.Delete(needs, 1, 2), func() error {
		_, err := m.shadow.Copy(m.Context(), source, destination, other)
		return err
	})
}

func (m *model) list(who access.Principal) {
	options := tranship.ListOptions{Recursive: m.IntN(2) > 0}
	if m.IntN(3) > 0 {
		options.Directory = m.somePath()
	}
	if m.IntN(3) == 0 {
		options.StartAfter = m.somePath() + pick(m, "", "/")
	}
	if m.IntN(3) == 0 {
		path := m.somePath()
		options.Prefix = path[:m.IntN(len(path)+1)]
	}
	if m.IntN(4) == 0 {
		options.EndBefore = m.somePath() + pick(m, "", "/")
	}
	options.Limit = pick(m, 0, 0, 1, 2, 5)
	want := map[string]tranship.Entry{}
	for entry, err := range m.shadow.List(m.Context(), tranship.ListOptions{Recursive: true}) {
		m.fine(err)
		rest := entry.Path
		if options.Directory != "" {
			var inside bool
			if rest, inside = strings.CutPrefix(entry.Path, options.Directory+"/"); !inside {
				continue
			}
		}
		if !m.naive.allows(who, access.List, entry.Path) {
			continue
		}
		if child, deeper, isDir := strings.Cut(rest, "/"); isDir && !options.Recursive {
			entry = tranship.Entry{File: tranship.File{Path: strings.TrimSuffix(entry.Path, rest) + child}, IsDir: deeper != ""}
		}
		key := entry.Key()
		if key > options.StartAfter && strings.HasPrefix(key, options.Prefix) && (options.EndBefore == "" || key < options.EndBefore) {
			want[key] = entry
		}
	}
	var got []string
	for entry, err := range m.guarded.List(as(m.Context(), who), options) {
		m.fine(err)
		got = append(got, entry.Key())
		if there, ok := want[entry.Key()]; ok {
			m.sameFile(who, entry.File, there.File)
		}
	}
	m.note("%q lists %+v: %q", who.Name, options, got)
	keys := slices.Sorted(maps.Keys(want))
	if options.Limit > 0 {
		keys = keys[:min(options.Limit, len(keys))]
	}
	if !slices.Equal(got, keys) {
		m.Errorf("list %+v by %q is %q, want %q", options, who.Name, got, keys)
	}
}
