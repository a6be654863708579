package guard_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/access/policy"
	"github.com/tranship/tranship/internal/testing/raced"
	"github.com/tranship/tranship/store/guard"
	"github.com/tranship/tranship/store/mem"
)

// naiveRule is a rule of a policy, and decides as plainly as can be.
type naiveRule struct {
	subject string
	actions []access.Action
	path    string
}

func (r naiveRule) allows(p access.Principal, action access.Action, path string) bool {
	var matches bool
	switch {
	case r.subject == "anonymous":
		matches = p.Name == ""
	case r.subject == "*":
		matches = p.Name != ""
	case strings.HasPrefix(r.subject, "group:"):
		matches = p.Name != "" && slices.Contains(p.Groups, strings.TrimPrefix(r.subject, "group:"))
	default:
		matches = p.Name == r.subject
	}
	if !matches || !slices.Contains(r.actions, action) {
		return false
	}
	if r.path == "/" {
		return true
	}
	want, have := strings.Split(r.path, "/"), strings.Split(path, "/")
	if len(have) < len(want) {
		return false
	}
	for i, segment := range want {
		if segment == "{principal}" {
			segment = p.Name
			if segment == "" || segment == "." || segment == ".." || strings.Contains(segment, "/") {
				return false
			}
		}
		if segment != have[i] {
			return false
		}
	}
	return true
}

type naivePolicy []naiveRule

func (n naivePolicy) allows(p access.Principal, action access.Action, path string) bool {
	return slices.ContainsFunc(n, func(r naiveRule) bool { return r.allows(p, action, path) })
}

// parsed is the same policy as the guard gets it.
func (n naivePolicy) parsed(t *testing.T) *policy.Policy {
	var text strings.Builder
	for _, rule := range n {
		var actions []string
		for _, action := range rule.actions {
			actions = append(actions, action.String())
		}
		fmt.Fprintf(&text, "allow %s %s %s\n", rule.subject, strings.Join(actions, ","), rule.path)
	}
	return parse(t, text.String())
}

// changing is a policy that tests replace, also while a server asks it.
type changing struct{ now atomic.Pointer[policy.Policy] }

func (c *changing) Allowed(caller access.Principal, action access.Action, path string) bool {
	return c.now.Load().Allowed(caller, action, path)
}

func (c *changing) Prefixes(caller access.Principal, action access.Action) policy.Prefixes {
	return c.now.Load().Prefixes(caller, action)
}

// model compares a guarded store with one that gets only what is allowed.
type model struct {
	*testing.T
	*rand.Rand
	naive   naivePolicy
	policy  *changing
	inner   *mem.Store
	guarded tranship.Store
	shadow  *mem.Store
	uploads []pair
	// log is what was done so far.
	log []string
}

// pair is one upload in both stores.
type pair struct {
	who             access.Principal
	path            string
	guarded, shadow tranship.Upload
	attributes      tranship.Attributes
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
		for _, action := range access.Actions() {
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

// TestModel does random things as random callers under random policies that change,
// and compares each answer, and the whole store after each, with what a plain reading
// of the rules says.
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

// seed puts a file in both stores, if there is room for it.
func (m *model) seed() {
	spec, data := m.spec(m.somePath(), tranship.Precondition{}), m.data()
	if _, err := m.inner.Put(m.Context(), spec, data); err == nil {
		_, err := m.shadow.Put(m.Context(), spec, data)
		m.fine(err)
		m.note("there is %s", spec.Path)
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

// precondition makes one about a path for each store: their versions differ.
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

// need is a right that an answer depends on; one to make a file depends on nothing
// that is there.
type need struct {
	action access.Action
	path   string
	makes  bool
}

// decide compares an answer to who needs some rights. allowed is asked only if they
// have all of them.
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
			m.Errorf("without a right, and nothing there that may be listed: %v", got)
		}
		return
	}
	want := allowed()
	if kind(got) != kind(want) {
		m.Errorf("%v, want %v", got, want)
	}
	// The last need is of the path that the answer is about.
	path := needs[len(needs)-1].path
	if m.mayKnow(who, path) || !errors.Is(got, tranship.ErrExists) && !errors.Is(got, tranship.ErrPrecondition) {
		return
	}
	if got.Error() != kind(got)+": "+path {
		m.Errorf("who may not list is told %q", got)
	}
}

// mayKnow tells whether a caller may know what is at a path.
func (m *model) mayKnow(who access.Principal, path string) bool {
	return m.naive.allows(who, access.Read, path) || m.naive.allows(who, access.List, path)
}

// kind is which error it is; versions may be in its text.
func kind(err error) string {
	for _, kind := range []error{tranship.ErrNotFound, tranship.ErrExists, tranship.ErrPrecondition, tranship.ErrInvalid, tranship.ErrAborted, tranship.ErrDenied} {
		if errors.Is(err, kind) {
			return kind.Error()
		}
	}
	return fmt.Sprint(err)
}

// sameFile compares what who is told of a file with what is told without a guard.
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
	spec.Owner = "somebody else"
	_, err := m.guarded.Put(as(m.Context(), who), spec, data)
	m.decide(who, err, []need{{access.Write, path, true}}, func() error {
		spec.Precondition = other
		_, err := m.shadow.Put(m.Context(), spec, data)
		return err
	})
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
			m.Errorf("who may only write is told %+v of %+v, and set %+v", got, want, attributes)
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
	needs := []need{{access.Read, source, false}, {access.Delete, source, false}, {access.Write, destination, true}}
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

// begin begins an upload of 8 bytes, with a key that others use, too, and writes them.
func (m *model) begin(who access.Principal) {
	path := m.somePath()
	one, other := m.precondition(path)
	spec := m.spec(path, one)
	spec.Size, spec.ResumeKey, spec.Owner = new(int64(8)), pick(m, "", "k"), pick(m, "", "ann", "bob")
	guarded, err := m.guarded.Begin(as(m.Context(), who), spec)
	m.decide(who, err, []need{{access.Write, path, true}}, func() error {
		spec.Precondition, spec.Owner = other, who.Name
		shadow, failed := m.shadow.Begin(m.Context(), spec)
		if err == nil && failed == nil {
			if guarded.Epoch() != shadow.Epoch() || fmt.Sprint(len(guarded.Durable())) != fmt.Sprint(len(shadow.Durable())) {
				m.Errorf("resumed epoch %d with %v, want %d with %v", guarded.Epoch(), guarded.Durable(), shadow.Epoch(), shadow.Durable())
			}
			m.uploads = append(m.uploads, pair{who, path, guarded, shadow, spec.Attributes})
			data := fmt.Appendf(nil, "%08d", m.IntN(1_000_000))
			m.writePart(as(m.Context(), who), guarded, data)
			m.writePart(m.Context(), shadow, data)
		}
		return failed
	})
}

func (m *model) writePart(ctx context.Context, upload tranship.Upload, data []byte) {
	writer, err := upload.Part(ctx, 0)
	if errors.Is(err, tranship.ErrAborted) { // it was committed
		return
	}
	m.fine(err)
	_, err = writer.Write(data)
	m.fine(err)
	m.fine(writer.Close())
}

// commit ends one of the uploads, perhaps after the policy has changed.
func (m *model) commit(access.Principal) {
	if len(m.uploads) == 0 {
		return
	}
	i := m.IntN(len(m.uploads))
	p := m.uploads[i]
	m.uploads = slices.Delete(m.uploads, i, i+1)
	got, err := p.guarded.Commit(as(m.Context(), p.who), tranship.Commit{Size: 8})
	m.decide(p.who, err, []need{{access.Write, p.path, true}}, func() error {
		want, failed := p.shadow.Commit(m.Context(), tranship.Commit{Size: 8})
		if err == nil && !m.mayKnow(p.who, p.path) {
			told := p.attributes.Apply(tranship.File{Path: p.path, Size: 8, Version: got.Version, CRC32C: want.CRC32C})
			if !reflect.DeepEqual(got, told) {
				m.Errorf("who may only write is told %+v of %+v", got, want)
			}
		}
		return failed
	})
	if err != nil {
		m.fine(p.guarded.Detach(as(m.Context(), p.who)))
		m.fine(p.shadow.Detach(m.Context()))
	}
}

func (m *model) copyPart(access.Principal) {
	if len(m.uploads) == 0 {
		return
	}
	p, source := pick(m, m.uploads...), m.somePath()
	err := p.guarded.CopyPart(as(m.Context(), p.who), 0, source, tranship.OpenOptions{})
	if errors.Is(err, tranship.ErrAborted) { // said before the source is looked at
		return
	}
	m.decide(p.who, err, []need{{access.Read, source, false}}, func() error {
		return p.shadow.CopyPart(m.Context(), 0, source, tranship.OpenOptions{})
	})
}

func (m *model) listUploads(who access.Principal) {
	var got, want []string
	for info, err := range m.guarded.ListUploads(as(m.Context(), who), "") {
		m.fine(err)
		got = append(got, info.Owner+" "+info.Path)
	}
	for info, err := range m.shadow.ListUploads(m.Context(), "") {
		m.fine(err)
		if info.Owner == who.Name {
			want = append(want, info.Owner+" "+info.Path)
		}
	}
	if !slices.Equal(got, want) {
		m.Errorf("%q has the uploads %q, want %q", who.Name, got, want)
	}
}

func (m *model) abortUpload(who access.Principal) {
	if len(m.uploads) == 0 {
		return
	}
	p := pick(m, m.uploads...)
	err := m.guarded.AbortUpload(as(m.Context(), who), p.guarded.ID())
	m.note("%q aborts an upload of %q: %v", who.Name, p.who.Name, err)
	if who.Name != p.who.Name {
		if fmt.Sprint(err) != "not found: there is no unfinished upload "+p.guarded.ID() {
			m.Errorf("abort of another's: %v", err)
		}
		return
	}
	if want := m.shadow.AbortUpload(m.Context(), p.shadow.ID()); kind(err) != kind(want) {
		m.Errorf("abort: %v, want %v", err, want)
	}
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

// same compares the stores, past the guard.
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
	slices.Sort(all) // ids of uploads, which order those of one path, differ
	return all
}
