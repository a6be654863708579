package storetest

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/tranship/tranship"
)

// TestOwners tests a store that keeps the uploads of several owners apart. A store that
// ignores tranship.Spec.Owner, such as a client of a remote store, does not pass it. Each
// test calls open once, for an empty store, which open releases with t.Cleanup.
func TestOwners(t *testing.T, open func(t *testing.T) tranship.Store) {
	for _, test := range []test{
		{"invalid", ownersInvalid},
		{"of unfinished uploads", ownersUnfinished},
		{"of commits", ownersCommitted},
		{"are listed", ownersListed},
	} {
		t.Run(test.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), stalled(t))
			defer cancel()
			test.run(fixture{T: t, ctx: ctx, store: open(t)})
		})
	}
}

// owners returns names that a store might take for one another.
func owners() []string {
	return []string{"", "ann", "Ann", "ann ", "a/b", "../ann", "group:ann", "日本語 😀", strings.Repeat("o", tranship.MaxOwnerBytes)}
}

func owned(spec tranship.Spec, owner string) tranship.Spec {
	spec.Owner = owner
	return spec
}

func ownersInvalid(f fixture) {
	for name, owner := range map[string]string{
		"too long":  strings.Repeat("o", tranship.MaxOwnerBytes+1),
		"not UTF-8": "a\xff",
	} {
		_, err := f.store.Begin(f.Context(), owned(resumable("file", "key", nil), owner))
		f.invalid("Begin for an owner who is "+name, err)
		_, err = f.store.Put(f.Context(), tranship.Spec{Path: "file", Owner: owner}, nil)
		f.invalid("Put for an owner who is "+name, err)
		items := []tranship.PutItem{{Spec: tranship.Spec{Path: "file", Owner: owner}}}
		f.invalid("PutBatch for an owner who is "+name, tranship.PutBatch(f.Context(), f.store, items)[0].Err)
	}
	f.hasUploads("")
	f.isEmpty()
}

// ownersUnfinished begins uploads that differ only in their owner.
func ownersUnfinished(f fixture) {
	spec := resumable("d/file", "key", f.parted(1))
	var ids []string
	for i, owner := range owners() {
		upload := f.beginNew(owned(spec, owner))
		if slices.Contains(ids, upload.ID()) {
			f.Fatalf("%q has the upload of another", owner)
		}
		ids = append(ids, upload.ID())
		f.writeParts(upload, f.parted(byte(i)), i%3)
		f.sync(upload)
		if i%2 == 0 {
			f.detach(upload)
		}
	}
	for i, owner := range owners() {
		upload := f.begin(owned(spec, owner))
		if upload.ID() != ids[i] {
			f.Fatalf("%q resumed %s, not %s", owner, upload.ID(), ids[i])
		}
		data := f.parted(byte(i))
		f.isDurable(upload, data, i%3)
		f.finish(upload, data)
		f.has("d/file", data)
	}
}

// ownersCommitted checks that no owner learns of another owner's bytes, not even their
// checksums.
func ownersCommitted(f fixture) {
	data := f.parted(1)
	spec := resumable("file", "key", data)
	older, file := f.committed(owned(spec, "ann"), data)
	for _, owner := range []string{"", "bob"} {
		upload := f.beginNew(owned(spec, owner))
		if upload.ID() == older.ID() {
			f.Fatalf("%q resumed what ann committed", owner)
		}
		f.isDurable(upload, data)
		f.abort(upload)
	}
	f.sameFile(f.commit(f.recall(older, owned(spec, "ann"), data), data), file)
}

func ownersListed(f fixture) {
	data := []byte("data")
	want := map[string]string{}
	for _, owner := range owners() {
		upload := f.beginNew(owned(resumable("file", "key", data), owner))
		want[upload.ID()] = owner
	}
	all := f.uploads("")
	for _, info := range all {
		if owner, ok := want[info.ID]; !ok || info.Owner != owner {
			f.Errorf("the owner of upload %s is %q, want %q", info.ID, info.Owner, owner)
		}
	}
	if len(all) != len(want) {
		f.Errorf("%d uploads are listed, want %d", len(all), len(want))
	}
	for id, owner := range want {
		if err := f.store.AbortUpload(f.Context(), id); err != nil {
			f.Errorf("AbortUpload of one of %q: %v", owner, err)
		}
	}
	f.hasUploads("")
}

// reopenOwners checks that uploads still belong to their owners after the store was opened
// again.
func reopenOwners(f fixture, reopen func() fixture) {
	data := f.parted(1)
	ann, bob := owned(resumable("file", "key", data), "ann"), owned(resumable("file", "key", data), "bob")
	hers, his := f.kept(ann, data, 0), f.kept(bob, data, 1)
	done, file := f.committed(owned(resumable("done", "key", data), "ann"), data)
	before := f.uploads("")

	f = reopen()
	f.sameUploads(f.uploads(""), before)
	f.isDurable(f.resume(hers, ann), data, 0)
	upload := f.resume(his, bob)
	f.isDurable(upload, data, 1)
	f.isDurable(f.beginNew(resumable("file", "key", data)), data)

	f = reopen()
	f.isDurable(f.resume(hers, ann), data, 0)
	f.isDurable(f.beginNew(owned(resumable("done", "key", data), "bob")), data)
	f.sameFile(f.commit(f.recall(done, owned(resumable("done", "key", data), "ann"), data), data), file)
}
