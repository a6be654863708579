package client_test

import (
	"context"
	"errors"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/store/mem"
)

// slowCopies is a store whose copies of parts last until the test lets them end.
type slowCopies struct {
	tranship.Store
	begun chan struct{}
}

func (s *slowCopies) Begin(ctx context.Context, spec tranship.Spec) (tranship.Upload, error) {
	inner, err := s.Store.Begin(ctx, spec)
	return &slowCopy{inner, s.begun}, err
}

type slowCopy struct {
	tranship.Upload
	begun chan struct{}
}

func (u *slowCopy) CopyPart(context.Context, int, string, tranship.OpenOptions) error {
	u.begun <- struct{}{}
	<-u.begun
	return nil
}

// TestOvertakenCopy has a newer writer begin a part while it is being copied.
func TestOvertakenCopy(t *testing.T) {
	store := &slowCopies{new(mem.Store), make(chan struct{})}
	c := connect(t, store, client.Options{})
	upload, err := c.Begin(t.Context(), tranship.Spec{Path: "file", Size: new(int64(4))})
	if err != nil {
		t.Fatal(err)
	}
	copied := make(chan error, 1)
	go func() { copied <- upload.CopyPart(t.Context(), 0, "source", tranship.OpenOptions{}) }()
	<-store.begun
	ended := make(chan error, 1)
	go func() {
		writer, err := upload.Part(t.Context(), 0)
		if err == nil {
			_, err = writer.Write([]byte("data"))
		}
		if err == nil {
			err = writer.Close()
		}
		ended <- err
	}()
	store.begun <- struct{}{}
	if err := <-copied; err != nil && !errors.Is(err, tranship.ErrAborted) {
		t.Errorf("the copy is %v, want done or aborted", err)
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if file, err := upload.Commit(t.Context(), tranship.Commit{Size: 4, CRC32C: new(tranship.CRC32C([]byte("data")))}); err != nil || file.Size != 4 {
		t.Errorf("Commit is %+v, %v", file, err)
	}
}
