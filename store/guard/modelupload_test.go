package guard_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
)

// pair is the same upload in both stores.
type pair struct {
	who             access.Principal
	path            string
	guarded, shadow tranship.Upload
	attributes      tranship.Attributes
	precondition    tranship.Precondition // of the shadow
}

// begin begins an upload of 8 bytes and writes them. Other callers use the same key.
func (m *model) begin(who access.Principal) {
	path := m.somePath()
	one, other := m.precondition(path)
	spec := m.spec(path, one)
	spec.Size, spec.ResumeKey, spec.Owner = new(int64(8)), pick(m, "", "k"), pick(m, "", "ann", "bob")
	guarded, err := m.guarded.Begin(as(m.Context(), who), spec)
	action, other := m.making(who, path, other)
	m.decide(who, err, []need{{action, path, true}}, func() error {
		spec.Precondition, spec.Owner = other, who.Name
		shadow, failed := m.shadow.Begin(m.Context(), spec)
		if err == nil && failed == nil {
			if guarded.Epoch() != shadow.Epoch() || fmt.Sprint(len(guarded.Durable())) != fmt.Sprint(len(shadow.Durable())) {
				m.Errorf("resumed epoch %d with %v, want %d with %v", guarded.Epoch(), guarded.Durable(), shadow.Epoch(), shadow.Durable())
			}
			m.uploads = append(m.uploads, pair{who, path, guarded, shadow, spec.Attributes, other})
			data := fmt.Appendf(nil, "%08d", m.IntN(1_000_000))
			m.writePart(as(m.Context(), who), guarded, data)
			m.writePart(m.Context(), shadow, data)
		}
		return failed
	})
}

func (m *model) writePart(ctx context.Context, upload tranship.Upload, data []byte) {
	writer, err := upload.Part(ctx, 0)
	if errors.Is(err, tranship.ErrAborted) { // the upload was committed
		return
	}
	m.fine(err)
	_, err = writer.Write(data)
	m.fine(err)
	m.fine(writer.Close())
}

// commit commits one of the uploads. The policy may have changed since it was begun.
func (m *model) commit(access.Principal) {
	if len(m.uploads) == 0 {
		return
	}
	i := m.IntN(len(m.uploads))
	p := m.uploads[i]
	m.uploads = slices.Delete(m.uploads, i, i+1)
	got, err := p.guarded.Commit(as(m.Context(), p.who), tranship.Commit{Size: 8})
	action, precondition := m.making(p.who, p.path, p.precondition)
	if precondition != p.precondition {
		action = access.Write // it could replace a file
	}
	m.decide(p.who, err, []need{{action, p.path, true}}, func() error {
		want, failed := p.shadow.Commit(m.Context(), tranship.Commit{Size: 8})
		if err == nil && !m.mayKnow(p.who, p.path) {
			visible := p.attributes.Apply(tranship.File{Path: p.path, Size: 8, Version: got.Version, CRC32C: want.CRC32C})
			if !reflect.DeepEqual(got, visible) {
				m.Errorf("a caller who may only write gets %+v of %+v", got, want)
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
	if errors.Is(err, tranship.ErrAborted) { // checked before the source
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
			m.Errorf("abort of another caller's upload: %v", err)
		}
		return
	}
	if want := m.shadow.AbortUpload(m.Context(), p.shadow.ID()); kind(err) != kind(want) {
		m.Errorf("abort: %v, want %v", err, want)
	}
}
