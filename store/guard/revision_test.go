package guard_test

import (
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/store/guard"
	"github.com/tranship/tranship/store/mem"
)

// TestGuessedRevision checks that a caller who may write but not read cannot confirm a
// guess of a file's metadata by a precondition on the revision.
func TestGuessedRevision(t *testing.T) {
	store := new(mem.Store)
	file := put(t, store, "d/file", "secret")
	policy := parse(t, "allow ann write,delete,list d\nallow bob write,delete d\nallow ann read,write,delete own\nallow bob read,write,delete own\n")
	guarded := guard.New(store, policy)
	put(t, store, "own/file", "own")
	right := tranship.Precondition{MustMatchRevision: file.Revision()}
	wrong := tranship.Precondition{MustMatchRevision: "no-such"}
	for _, caller := range []access.Principal{ann, bob} {
		ctx := as(t.Context(), caller)
		calls := map[string]func(path string, precondition tranship.Precondition) error{
			"Put": func(path string, precondition tranship.Precondition) error {
				_, err := guarded.Put(ctx, tranship.Spec{Path: path, Precondition: precondition}, nil)
				return err
			},
			"Begin": func(path string, precondition tranship.Precondition) error {
				_, err := guarded.Begin(ctx, tranship.Spec{Path: path, Precondition: precondition})
				return err
			},
			"SetAttributes": func(path string, precondition tranship.Precondition) error {
				_, err := guarded.SetAttributes(ctx, path, tranship.Attributes{}, precondition)
				return err
			},
			"Remove": func(path string, precondition tranship.Precondition) error {
				return guarded.Remove(ctx, path, precondition)
			},
			"Move": func(path string, precondition tranship.Precondition) error {
				_, err := guarded.Move(ctx, "own/file", path, precondition)
				return err
			},
			"Copy": func(path string, precondition tranship.Precondition) error {
				_, err := guarded.Copy(ctx, "own/file", path, precondition)
				return err
			},
		}
		for name, call := range calls {
			denied := call("d/file", right)
			if !errors.Is(denied, tranship.ErrDenied) {
				t.Errorf("%s of %s with the right revision: %v", name, caller.Name, denied)
				continue
			}
			for what, err := range map[string]error{"a wrong revision": call("d/file", wrong), "no file": call("d/none", right)} {
				if err == nil || strings.ReplaceAll(err.Error(), "d/none", "d/file") != denied.Error() {
					t.Errorf("%s of %s reveals %s: %v", name, caller.Name, what, err)
				}
			}
		}
	}
	if now, err := store.Stat(t.Context(), "d/file"); err != nil || now.Revision() != file.Revision() {
		t.Errorf("the file has changed: %+v, %v", now, err)
	}
}

// TestCommitReturnsAttributes checks that a caller who may only write gets the attributes
// of the commit back.
func TestCommitReturnsAttributes(t *testing.T) {
	store := new(mem.Store)
	guarded := guard.New(store, parse(t, "allow bob write d\n"))
	ctx := as(t.Context(), bob)
	upload, err := guarded.Begin(ctx, tranship.Spec{Path: "d/file", Attributes: tranship.Attributes{Metadata: map[string]string{"a": "b"}}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"c": "d"}
	file, err := upload.Commit(ctx, tranship.Commit{Attributes: tranship.Attributes{Metadata: want}})
	if err != nil || !maps.Equal(file.Metadata, want) {
		t.Errorf("Commit returned %+v, %v; want metadata %v", file, err, want)
	}
}
