package transfer

import (
	"context"
	"errors"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/mem"
)

func TestStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		name, data := largeFile(t)
		for _, size := range []int{largeBytes, 5} {
			if err := os.Truncate(name, int64(size)); err != nil {
				t.Fatal(err)
			}
			stalling := &stallingStore{Store: &mem.Store{PartSize: partBytes}, writes: 12}
			begun := time.Now()
			err := Copy(t.Context(), stalling, localItem(t, name), Options{Attempts: 1})
			if took := time.Since(begun); !errors.Is(err, tranship.ErrUnavailable) || took < 30*time.Second || took > 31*time.Second {
				t.Errorf("size %d: error %v after %v", size, err, took)
			}
			if errors.Is(err, ErrResumable) != (size == largeBytes) {
				t.Errorf("size %d: error %v", size, err)
			}
			if err := Copy(t.Context(), stalling.Store, localItem(t, name), Options{}); err != nil {
				t.Fatal(err)
			}
			mustHave(t, stalling.Store, "copy", data[:size])
		}
	})
}

// A copy that moves, however slowly, has all the time it needs.
func TestStallNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		name, data := largeFile(t)
		store := newFaulty()
		store.Store = &mem.Store{PartSize: partBytes}
		store.write = func(string) error {
			time.Sleep(29 * time.Second)
			return nil
		}
		got := results{}
		if err := Copy(t.Context(), store, localItem(t, name), Options{Parts: 1, Report: got.report(t)}); err != nil {
			t.Fatal(err)
		}
		if got[name].Attempts != 1 {
			t.Errorf("%+v", got[name])
		}
		mustHave(t, store, "copy", data)
	})
}

// stallingStore takes some writes, and then nothing any more.
type stallingStore struct {
	tranship.Store
	writes int
}

func (s *stallingStore) Put(ctx context.Context, _ tranship.Spec, _ []byte) (tranship.File, error) {
	<-ctx.Done()
	return tranship.File{}, ctx.Err()
}

func (s *stallingStore) Begin(ctx context.Context, spec tranship.Spec) (tranship.Upload, error) {
	upload, err := s.Store.Begin(ctx, spec)
	if err != nil {
		return nil, err
	}
	places := make(chan struct{}, s.writes)
	for range s.writes {
		places <- struct{}{}
	}
	return &stallingUpload{upload, places}, nil
}

type stallingUpload struct {
	tranship.Upload
	places chan struct{}
}

func (u *stallingUpload) Part(ctx context.Context, n int) (tranship.PartWriter, error) {
	part, err := u.Upload.Part(ctx, n)
	if err != nil {
		return nil, err
	}
	return &stallingPart{part, u, ctx}, nil
}

type stallingPart struct {
	tranship.PartWriter
	upload *stallingUpload
	ctx    context.Context
}

func (p *stallingPart) Write(data []byte) (int, error) {
	select {
	case <-p.upload.places:
		return p.PartWriter.Write(data)
	case <-p.ctx.Done():
		return 0, p.ctx.Err()
	}
}
