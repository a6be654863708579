package server_test

import (
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/store/mem"
)

// metadata are attributes with one entry; value "" is none.
func metadata(value string) *transhipv1.Attributes {
	return &transhipv1.Attributes{Metadata: &transhipv1.Metadata{Entries: map[string]string{"key": value}}}
}

func mustMatchRevision(revision string) *transhipv1.Precondition {
	return &transhipv1.Precondition{Condition: &transhipv1.Precondition_MustMatchRevision{MustMatchRevision: revision}}
}

// TestRevisionOfAnyClient changes metadata with what the server tells, without a word of
// package tranship.
func TestRevisionOfAnyClient(t *testing.T) {
	overBoth(t, func(t *testing.T, serve way) {
		store := new(mem.Store)
		client, _ := serve.client(t, store)
		upload(t, client, put(1, "file", []byte("data")))
		ctx := testContext(t)
		stat, err := client.Stat(ctx, &transhipv1.StatRequest{Path: "file"})
		if err != nil || stat.GetFile().GetRevision() == "" {
			t.Fatalf("Stat tells revision %q: %v", stat.GetFile().GetRevision(), err)
		}
		set := func(value, revision string) (*transhipv1.SetAttributesResponse, error) {
			return client.SetAttributes(ctx, &transhipv1.SetAttributesRequest{Path: "file", Attributes: metadata(value), Precondition: mustMatchRevision(revision)})
		}
		first, err := set("first", stat.GetFile().GetRevision())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := set("second", stat.GetFile().GetRevision()); status.Code(err) != codes.FailedPrecondition {
			t.Errorf("a change of what is no more: %v", err)
		}
		if _, err := set("second", ""); status.Code(err) != codes.InvalidArgument {
			t.Errorf("a change with an empty revision: %v", err)
		}
		if _, err := set("second", first.GetFile().GetRevision()); err != nil {
			t.Errorf("a change of what SetAttributes told: %v", err)
		}
		moved, err := client.Move(ctx, &transhipv1.MoveRequest{SourcePath: "file", DestinationPath: "moved"})
		if err != nil || moved.GetFile().GetRevision() == "" {
			t.Errorf("Move tells revision %q: %v", moved.GetFile().GetRevision(), err)
		}
	})
}

// TestSourceVersionOfAnyClient moves and copies one version only.
func TestSourceVersionOfAnyClient(t *testing.T) {
	overBoth(t, func(t *testing.T, serve way) {
		client, _ := serve.client(t, new(mem.Store))
		finished, _ := upload(t, client, put(1, "file", []byte("data")))
		version := finished[1].GetFile().GetVersion()
		ctx := testContext(t)
		if _, err := client.Copy(ctx, &transhipv1.CopyRequest{SourcePath: "file", DestinationPath: "b", SourceVersion: "no-such"}); status.Code(err) != codes.FailedPrecondition {
			t.Errorf("Copy of another version: %v", err)
		}
		if _, err := client.Move(ctx, &transhipv1.MoveRequest{SourcePath: "file", DestinationPath: "b", SourceVersion: "no-such"}); status.Code(err) != codes.FailedPrecondition {
			t.Errorf("Move of another version: %v", err)
		}
		if _, err := client.Copy(ctx, &transhipv1.CopyRequest{SourcePath: "file", DestinationPath: "b", SourceVersion: version}); err != nil {
			t.Errorf("Copy of the version: %v", err)
		}
		if _, err := client.Move(ctx, &transhipv1.MoveRequest{SourcePath: "file", DestinationPath: "c", SourceVersion: version}); err != nil {
			t.Errorf("Move of the version: %v", err)
		}
	})
}

// TestAttributesAtFinish sends attributes when the content is known, and such as are none.
func TestAttributesAtFinish(t *testing.T) {
	overBoth(t, func(t *testing.T, serve way) {
		store := new(mem.Store)
		client, _ := serve.client(t, store)
		begun := begin(1, "file", nil)
		begun.GetBegin().Attributes = metadata("begun")
		ended := finish(1)
		ended.GetFinish().Attributes = metadata("finished")
		bad := finish(2)
		bad.GetFinish().Attributes = &transhipv1.Attributes{Mode: new(uint32(0o4755))}
		finished, failed := upload(t, client,
			begun, chunk(1, nil, []byte("data")), ended, begin(2, "bad", nil), chunk(2, nil, []byte("data")), bad)
		if got := finished[1].GetFile().GetMetadata()["key"]; got != "finished" {
			t.Errorf("the file has metadata %q", got)
		}
		if codes.Code(failed[2].GetCode()) != codes.InvalidArgument || content(t, store, "bad") != nil {
			t.Errorf("a finish with a mode that is none: %v", failed[2])
		}
	})
}
