package guard_test

import (
	"context"
	"errors"
	"io"
	"iter"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/store/guard"
	"github.com/tranship/tranship/store/mem"
)

// begin begins an upload of "good" over a connection and sends it, without the commit.
func begin(t *testing.T, c *client.Client, spec tranship.Spec) tranship.Upload {
	t.Helper()
	u, err := c.Begin(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	writer, err := u.Part(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := writer.Write([]byte("good")); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	// Over the network a part that was closed may still be on its way.
	if err := u.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	return u
}

func kept(path string) tranship.Spec {
	return tranship.Spec{Path: path, Size: new(int64(4)), ResumeKey: "key"}
}

func listed(t *testing.T, c *client.Client) []tranship.UploadInfo {
	t.Helper()
	var all []tranship.UploadInfo
	for info, err := range c.ListUploads(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, info)
	}
	return all
}

// A commit fails if the right to write was revoked since the upload began.
func TestPolicyChangesBeforeCommit(t *testing.T) {
	inner := &mem.Store{}
	rules := new(changing)
	hers := connect(t, serve(t, guard.New(inner, rules)), ann)
	for _, spec := range []tranship.Spec{{Path: "file"}, kept("file")} {
		rules.now.Store(parse(t, "allow ann write /\n"))
		u := begin(t, hers, spec)
		rules.now.Store(parse(t, "allow ann write elsewhere\n"))
		if _, err := u.Commit(t.Context(), tranship.Commit{Size: 4}); !errors.Is(err, tranship.ErrDenied) {
			t.Errorf("commit: %v, want ErrDenied", err)
		}
		if _, err := inner.Stat(t.Context(), "file"); !errors.Is(err, tranship.ErrNotFound) {
			t.Errorf("the file exists: %v", err)
		}
		if err := u.Detach(t.Context()); err != nil {
			t.Error(err)
		}
	}
	rules.now.Store(parse(t, "allow ann write /\n"))
	u, err := hers.Begin(t.Context(), kept("file"))
	if err != nil || len(u.Durable()) != 1 {
		t.Fatalf("with the right again the upload does not resume: %v", err)
	}
	if _, err := u.Commit(t.Context(), tranship.Commit{Size: 4}); err != nil {
		t.Error(err)
	}
}

// Uploads that differ only in their owner are separate.
func TestUploadsOfOthers(t *testing.T) {
	inner := &mem.Store{}
	address := serve(t, guard.New(inner, parse(t, "allow * read,write,delete,list /\nallow anonymous read,write,delete,list /\n")))
	hers, his, anonymous := connect(t, address, ann), connect(t, address, bob), connect(t, address, access.Principal{})
	id := begin(t, hers, kept("file")).ID()
	for name, other := range map[string]*client.Client{"bob": his, "an anonymous caller": anonymous} {
		if all := listed(t, other); len(all) != 0 {
			t.Errorf("%s sees %+v", name, all)
		}
		unknown := answer(other.AbortUpload(t.Context(), "NONE"), "NONE")
		if got := answer(other.AbortUpload(t.Context(), id), id); got != unknown {
			t.Errorf("abort by %s: %s\nof an unknown id: %s", name, got, unknown)
		}
		u, err := other.Begin(t.Context(), kept("file"))
		if err != nil {
			t.Fatal(err)
		}
		if u.ID() == id || len(u.Durable()) != 0 {
			t.Errorf("%s resumed ann's upload", name)
		}
		if err := u.Abort(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if all := listed(t, hers); len(all) != 1 || all[0].ID != id {
		t.Errorf("ann has %+v", all)
	}
	u, err := hers.Begin(t.Context(), kept("file"))
	if err != nil || u.ID() != id {
		t.Fatalf("ann cannot resume: %v", err)
	}
	file, err := u.Commit(t.Context(), tranship.Commit{Size: 4})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := inner.SetAttributes(t.Context(), "file", tranship.Attributes{Metadata: map[string]string{"a": "b"}}, tranship.Precondition{}); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		client   *client.Client
		recalled bool
	}{"ann": {hers, true}, "bob": {his, false}} {
		u, err := test.client.Begin(t.Context(), kept("file"))
		if err != nil {
			t.Fatal(err)
		}
		if recalled := len(u.Durable()) > 0; recalled != test.recalled {
			t.Errorf("%s recalled the commit: %v", name, recalled)
		}
		if err := u.Detach(t.Context()); err != nil {
			t.Error(err)
		}
	}
	content, err := hers.Open(t.Context(), "file", tranship.OpenOptions{Version: file.Version})
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	if data, err := io.ReadAll(content); string(data) != "good" || err != nil {
		t.Errorf("the file has %q, %v", data, err)
	}
}

// A caller who may only write can fill a directory. Of the files in it the caller learns
// only whether a path is taken.
func TestWriteOnly(t *testing.T) {
	inner := &mem.Store{}
	put(t, inner, "drop/there", "1234")
	his := connect(t, serve(t, guard.New(inner, parse(t, "allow bob write drop\n"))), bob)
	if _, err := his.Put(t.Context(), tranship.Spec{Path: "drop/new"}, []byte("mine")); err != nil {
		t.Error(err)
	}
	if _, err := his.Stat(t.Context(), "drop/new"); !errors.Is(err, tranship.ErrNotFound) {
		t.Errorf("stat: %v", err)
	}
	for entry, err := range his.List(t.Context(), tranship.ListOptions{Directory: "drop"}) {
		t.Errorf("list: %+v, %v", entry, err)
	}
	if err := his.Remove(t.Context(), "drop/new", tranship.Precondition{}); !errors.Is(err, tranship.ErrNotFound) {
		t.Errorf("remove: %v", err)
	}
	file, err := his.SetAttributes(t.Context(), "drop/there", tranship.Attributes{}, tranship.Precondition{})
	if err != nil || file.CRC32C != nil || file.Metadata != nil {
		t.Errorf("set attributes: %+v, %v", file, err)
	}
	if _, err := his.Put(t.Context(), tranship.Spec{Path: "drop/there", Precondition: tranship.Precondition{MustNotExist: true}}, nil); !errors.Is(err, tranship.ErrExists) {
		t.Errorf("put that must not replace: %v", err)
	}
	u := begin(t, his, kept("drop/kept"))
	if _, err := u.Commit(t.Context(), tranship.Commit{Size: 4}); err != nil {
		t.Error(err)
	}
	if _, err := inner.SetAttributes(t.Context(), "drop/kept", tranship.Attributes{Metadata: map[string]string{"secret": "s"}}, tranship.Precondition{}); err != nil {
		t.Fatal(err)
	}
	u, err = his.Begin(t.Context(), kept("drop/kept"))
	if err != nil {
		t.Fatal(err)
	}
	if file, err := u.Commit(t.Context(), tranship.Commit{Size: 4}); err != nil || file.Metadata != nil {
		t.Errorf("a repeated commit: %+v, %v", file, err)
	}
}

// unlisted is a store whose uploads must not be listed.
type unlisted struct{ *mem.Store }

func (unlisted) ListUploads(context.Context, string) iter.Seq2[tranship.UploadInfo, error] {
	panic("all uploads were listed")
}

// AbortUpload finds an upload by its id, without a list of all uploads.
func TestAbortUploadDoesNotList(t *testing.T) {
	store := guard.New(unlisted{&mem.Store{}}, parse(t, "allow * write /\n"))
	as := func(name string) context.Context {
		return access.NewContext(t.Context(), access.Principal{Name: name})
	}
	upload, err := store.Begin(as("ann"), kept("file"))
	if err != nil {
		t.Fatal(err)
	}
	if err := store.AbortUpload(as("ben"), upload.ID()); !errors.Is(err, tranship.ErrNotFound) {
		t.Errorf("abort of another caller's upload: %v", err)
	}
	if err := store.AbortUpload(as("ann"), upload.ID()); err != nil {
		t.Error(err)
	}
}
