package noresume_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/examples/noresume"
	"github.com/tranship/tranship/store/storetest"
	"github.com/tranship/tranship/transfer"
)

// TestStore runs the suite with the features that the store declares to lack.
func TestStore(t *testing.T) {
	storetest.Test(t, func(*testing.T) tranship.Store { return new(noresume.Store) },
		storetest.NoResume, storetest.NoCopyPart, storetest.NoMove, storetest.NoCopy, storetest.NoRevision, storetest.NoSourceVersion)
}

// TestCopy copies a file between two such stores with package transfer.
func TestCopy(t *testing.T) {
	from, to := new(noresume.Store), new(noresume.Store)
	content := bytes.Repeat([]byte("content"), 500_000)
	upload(t, from, content)
	items := func(yield func(transfer.Item, error) bool) {
		yield(transfer.Item{Source: from, SourcePath: "file", Path: "copy", File: tranship.File{Path: "file", Size: int64(len(content))}}, nil)
	}
	if err := transfer.Copy(t.Context(), to, items, transfer.Options{}); err != nil {
		t.Fatal(err)
	}
	opened, err := to.Open(t.Context(), "copy", tranship.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(opened); err != nil || !bytes.Equal(got, content) {
		t.Errorf("the copy has %d bytes, %v", len(got), err)
	}
}

func upload(t *testing.T, store tranship.Store, content []byte) {
	t.Helper()
	upload, err := store.Begin(t.Context(), tranship.Spec{Path: "file"})
	if err != nil {
		t.Fatal(err)
	}
	for n, rest := 0, content; len(rest) > 0; n++ {
		part := rest[:min(len(rest), int(upload.PartSize()))]
		rest = rest[len(part):]
		writer, err := upload.Part(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := writer.Write(part); err != nil {
			t.Fatal(err)
		}
		if err := writer.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := upload.Commit(t.Context(), tranship.Commit{Size: int64(len(content))}); err != nil {
		t.Fatal(err)
	}
}
