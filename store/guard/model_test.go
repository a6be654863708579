package guard_test

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/internal/testing/raced"
	"github.com/tranship/tranship/store/guard"
	"github.com/tranship/tranship/store/mem"
)

// model compares a guarded store with an unguarded one, the shadow, that gets only the
// allowed calls.
type model struct {
	*testing.T
	*rand.Rand
	naive   naivePolicy
	policy  *changing
	inner   *mem.Store
	guarded tranship.Store
	shadow  *mem.Store
	uploads []pair
	// log describes the steps so far.
	log []string
}

func callers() []access.Principal {
	return []access.Principal{{}, ann, bob, {Name: "sue", Groups: []string{"g", "h"}}, {Name: ".."}, {Name: "a/b"}, {Name: "anonymous"}}
}

func pick[T any](m *model, all ...T) T { return all[m.IntN(len(all))] }

func (m *model) somePath() string {
	segments := []string{"a", "b", "a-", "ann", "bob", "sue"}
	path := pick(m, segments...)
	for m.IntN(2) > 0 {
		path += "/" + pick(m, segments...)
	}
	return path
}

func (m *model) somePolicy() naivePolicy {
	var n naivePolicy
	for range m.IntN(6) {
		rule := naiveRule{subject: pick(m, "anonymous", "*", "ann", "bob", "group:g", "group:a/b"), path: m.somePath()}
		for _, action := range access.FileActions() {
			if m.IntN(2) > 0 {
				rule.actions = append(rule.actions, action)
			}
		}
		switch {
		case len(rule.actions) == 0:
			continue
		case m.IntN(8) == 0:
			rule.path = "/"
		case m.IntN(3) == 0 && rule.subject != "anonymous":
			rule.path = pick(m, "{principal}", "a/{principal}", "{principal}/a")
		}
		n = append(n, rule)
	}
	return n
}

// TestModel runs random calls of random callers under random policies that change. After
// each call it compares the answer and the whole store with what the naive policy allows.
func TestModel(t *testing.T) {
	for seed := range uint64(raced.Times(300)) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			m := &model{T: t, Rand: rand.New(rand.NewPCG(seed, 0)), policy: new(changing), inner: &mem.Store{PartSize: 8}, shadow: &mem.Store{PartSize: 8}}
			m.guarded = guard.New(m.inner, m.policy)
			m.change()
			for range 12 {
				m.seed()
			}
			steps := []func(access.Principal){
				m.stat, m.open, m.list, m.list, m.put, m.put, m.set, m.remove, m.transplant, m.begin, m.begin, m.commit, m.commit, m.copyPart, m.listUploads, m.abortUpload,
			}
			for range 150 {
				if m.IntN(25) == 0 {
					m.change()
				}
				steps[m.IntN(len(steps))](callers()[m.IntN(len(callers()))])
				if m.same(); m.Failed() {
					m.Fatalf("policy %+v\n%s", m.naive, strings.Join(m.log, "\n"))
				}
			}
		})
	}
}

func (m *model) change() {
	m.naive = m.somePolicy()
	m.policy.now.Store(m.naive.parsed(m.T))
	m.note("policy %+v", m.naive)
}

func (m *model) note(format string, args ...any) { m.log = append(m.log, fmt.Sprintf(format, args...)) }

// seed puts a file in both stores, unless another file blocks its path.
func (m *model) seed() {
	spec, data := m.spec(m.somePath(), tranship.Precondition{}), m.data()
	if _, err := m.inner.Put(m.Context(), spec, data); err == nil {
		_, err := m.shadow.Put(m.Context(), spec, data)
		m.fine(err)
		m.note("seeded %s", spec.Path)
	}
}

func (m *model) fine(err error) {
	m.Helper()
	if err != nil {
		m.Fatal(err)
	}
}

func (m *model) data() []byte { return fmt.Append(nil, m.IntN(1_000_000)) }

func (m *model) spec(path string, precondition tranship.Precondition) tranship.Spec {
	return tranship.Spec{Path: path, Precondition: precondition, Attributes: tranship.Attributes{Metadata: map[string]string{"m": string(m.data())}}}
}

// precondition returns a precondition on a path for each store, because their versions
// differ.
func (m *model) precondition(path string) (guarded, shadow tranship.Precondition) {
	switch m.IntN(5) {
	case 0:
		return tranship.Precondition{MustNotExist: true}, tranship.Precondition{MustNotExist: true}
	case 1:
		return tranship.Precondition{MustMatchVersion: "none"}, tranship.Precondition{MustMatchVersion: "none"}
	case 2:
		one, err := m.inner.Stat(m.Context(), path)
		if err == nil {
			other, err := m.shadow.Stat(m.Context(), path)
			m.fine(err)
			return tranship.Precondition{MustMatchVersion: one.Version}, tranship.Precondition{MustMatchVersion: other.Version}
		}
	}
	return tranship.Precondition{}, tranship.Precondition{}
}

// need is a right that a call needs. With makes, the answer must not depend on whether a
// file exists at the path.
type need struct {
	action access.Action
	path   string
	makes  bool
}

// decide checks the error of a call of who, which needs some rights. It calls allowed,
// which returns the error to expect, only if the caller has all of them.
func (m *model) decide(who access.Principal, got error, needs []need, allowed func() error) {
	m.Helper()
	m.note("by %q: %v: %v", who.Name, needs, got)
	for _, need := range needs {
		if m.naive.allows(who, need.action, need.path) {
			continue
		}
		_, missing := m.shadow.Stat(m.Context(), need.path)
		if need.makes || missing == nil && m.naive.allows(who, access.List, need.path) {
			if !errors.Is(got, tranship.ErrDenied) {
				m.Errorf("without a right: %v, want ErrDenied", got)
			}
		} else if !errors.Is(got, tranship.ErrNotFound) || got.Error() != "not found: "+need.path {
			m.Errorf("without a right, and no file that may be listed: %v", got)
		}
		return
	}
	want := allowed()
	if kind(got) != kind(want) {
		m.Errorf("%v, want %v", got, want)
	}
	// The last need has the path that the answer is about.
	path := needs[len(needs)-1].path
	if m.mayKnow(who, path) || !errors.Is(got, tranship.ErrExists) && !errors.Is(got, tranship.ErrPrecondition) {
		return
	}
	if got.Error() != kind(got)+": "+path {
		m.Errorf("a caller who may not list gets %q", got)
	}
}

// mayKnow reports whether a caller may know what is at a path.
func (m *model) mayKnow(who access.Principal, path string) bool {
	return m.naive.allows(who, access.Read, path) || m.naive.allows(who, access.List, path)
}

// kind returns the text of the sentinel that err wraps, because the whole text may have a
// version in it.
func kind(err error) string {
	for _, kind := range []error{tranship.ErrNotFound, tranship.ErrExists, tranship.ErrPrecondition, tranship.ErrInvalid, tranship.ErrAborted, tranship.ErrDenied} {
		if errors.Is(err, kind) {
			return kind.Error()
		}
	}
	return fmt.Sprint(err)
}

// sameFile compares the description of a file that a caller gets with that of the shadow.
func (m *model) sameFile(who access.Principal, got, want tranship.File) {
	m.Helper()
	got.Version, want.Version, got.ModTime = "", "", want.ModTime
	if !m.naive.allows(who, access.Read, want.Path) {
		want.CRC32C, want.Metadata = nil, nil
	}
	if describe(got) != describe(want) {
		m.Errorf("file %s, want %s", describe(got), describe(want))
	}
}

func describe(f tranship.File) string {
	crc := "none"
	if f.CRC32C != nil {
		crc = fmt.Sprint(*f.CRC32C)
	}
	return fmt.Sprintf("%q %d %v %s %v", f.Path, f.Size, f.Mode, crc, f.Metadata)
}

// same compares the two stores without the guard.
func (m *model) same() {
	m.Helper()
	got, want := m.all(m.inner), m.all(m.shadow)
	if !slices.Equal(got, want) {
		m.Errorf("the store has\n%q, want\n%q", got, want)
	}
}

func (m *model) all(store *mem.Store) []string {
	var all []string
	for entry, err := range store.List(m.Context(), tranship.ListOptions{Recursive: true}) {
		m.fine(err)
		content, err := store.Open(m.Context(), entry.Path, tranship.OpenOptions{})
		m.fine(err)
		data, err := io.ReadAll(content)
		m.fine(err)
		all = append(all, describe(entry.File)+" "+string(data))
	}
	for info, err := range store.ListUploads(m.Context(), "") {
		m.fine(err)
		all = append(all, fmt.Sprintf("upload of %q to %s, %d bytes", info.Owner, info.Path, info.DurableBytes))
	}
	slices.Sort(all) // uploads of one path come in the order of their ids, which differ
	return all
}
