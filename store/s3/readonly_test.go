package s3_test

import (
	"errors"
	"io"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/fakes3"
	"github.com/tranship/tranship/store/s3"
)

// TestReadOnly reads through a store that makes no request that changes the bucket, and is
// refused all changes.
func TestReadOnly(t *testing.T) {
	engine := fakes3.New(fakes3.Options{})
	endpoint := engine.Start(t)
	file, err := open(t, endpoint, s3.Options{}).Put(t.Context(), tranship.Spec{Path: "d/file"}, []byte("content"))
	if err != nil {
		t.Fatal(err)
	}
	before := engine.Requests()
	store := open(t, endpoint, s3.Options{ReadOnly: true})
	if got, err := store.Stat(t.Context(), "d/file"); err != nil || got.Version != file.Version {
		t.Errorf("Stat: %+v, %v", got, err)
	}
	opened, err := store.Open(t.Context(), "d/file", tranship.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if data, err := io.ReadAll(opened); err != nil || string(data) != "content" {
		t.Errorf("read %q, %v", data, err)
	}
	if err := opened.Close(); err != nil {
		t.Error(err)
	}
	for entry, err := range store.List(t.Context(), tranship.ListOptions{Recursive: true}) {
		if err != nil || entry.Path != "d/file" {
			t.Errorf("List: %+v, %v", entry, err)
		}
	}
	for name, change := range map[string]func() error{
		"Put": func() error {
			_, err := store.Put(t.Context(), tranship.Spec{Path: "other"}, nil)
			return err
		},
		"Begin": func() error {
			_, err := store.Begin(t.Context(), tranship.Spec{Path: "other", Size: new(int64(5)), ResumeKey: "key"})
			return err
		},
		"Remove": func() error { return store.Remove(t.Context(), "d/file", tranship.Precondition{}) },
		"Move": func() error {
			_, err := store.Move(t.Context(), "d/file", "other", tranship.Precondition{})
			return err
		},
		"SetAttributes": func() error {
			_, err := store.SetAttributes(t.Context(), "d/file", tranship.Attributes{Mode: new(tranship.DefaultMode &^ 0o044)}, tranship.Precondition{})
			return err
		},
	} {
		if err := change(); !errors.Is(err, tranship.ErrUnsupported) {
			t.Errorf("%s: %v, want ErrUnsupported", name, err)
		}
	}
	after := engine.Requests()
	for _, operation := range []string{"PutObject", "CopyObject", "DeleteObject", "CreateMultipartUpload", "UploadPart", "UploadPartCopy", "CompleteMultipartUpload", "AbortMultipartUpload"} {
		if after[operation] != before[operation] {
			t.Errorf("%d requests of %s", after[operation]-before[operation], operation)
		}
	}
}
