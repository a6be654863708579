package storetest_test

import (
	"context"
	"errors"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/store/storetest"
)

func (f flawed) JoinUpload(ctx context.Context, id string, epoch uint64) (tranship.Upload, tranship.Spec, error) {
	return f.join(ctx, id, epoch)
}

// testUploadJoiner runs the suite on two instances, of which the second has the flaw.
func testUploadJoiner(t *testing.T, flaw func(flawed) flawed) {
	storetest.TestUploadJoiner(t, func(*testing.T, int) []tranship.Store {
		store := newFlawed(&mem.Store{PartSize: 1000})
		other := flaw(store)
		if other.join == nil {
			return []tranship.Store{store, struct{ tranship.Store }{other}}
		}
		return []tranship.Store{store, other}
	})
}

// joins replaces the uploads that a store joins.
func joins(wrap func(f flawed, upload tranship.Upload, spec tranship.Spec) tranship.Upload) func(flawed) flawed {
	return func(f flawed) flawed {
		join := f.join
		f.join = func(ctx context.Context, id string, epoch uint64) (tranship.Upload, tranship.Spec, error) {
			upload, spec, err := join(ctx, id, epoch)
			if err != nil {
				return nil, spec, err
			}
			return wrap(f, upload, spec), spec, nil
		}
		return f
	}
}

// joinerMutants are stores by what is wrong with their JoinUpload.
func joinerMutants() map[string]mutant {
	return map[string]mutant{
		"has lost its UploadJoiner": {"parts of both", testUploadJoiner, func(f flawed) flawed {
			f.join = nil
			return f
		}},
		"resumes what it joins": {"parts of both", testUploadJoiner, func(f flawed) flawed {
			f.join = func(ctx context.Context, id string, epoch uint64) (tranship.Upload, tranship.Spec, error) {
				_, spec, err := f.Store.JoinUpload(ctx, id, epoch)
				if err != nil {
					return nil, spec, err
				}
				upload, err := f.Store.Begin(ctx, spec)
				return upload, spec, err
			}
			return f
		}},
		"forgets the owner of what it joins": {"parts of both", testUploadJoiner, func(f flawed) flawed {
			f.join = func(ctx context.Context, id string, epoch uint64) (tranship.Upload, tranship.Spec, error) {
				upload, spec, err := f.Store.JoinUpload(ctx, id, epoch)
				spec.Owner = ""
				return upload, spec, err
			}
			return f
		}},
		"joins whatever the epoch": {"resumed", testUploadJoiner, func(f flawed) flawed {
			f.join = func(ctx context.Context, id string, epoch uint64) (tranship.Upload, tranship.Spec, error) {
				upload, spec, err := f.Store.JoinUpload(ctx, id, epoch)
				for ; errors.Is(err, tranship.ErrAborted); epoch++ {
					upload, spec, err = f.Store.JoinUpload(ctx, id, epoch+1)
				}
				return upload, spec, err
			}
			return f
		}},
		"takes what was let go for gone": {"let go", testUploadJoiner, func(f flawed) flawed {
			f.join = func(ctx context.Context, id string, epoch uint64) (tranship.Upload, tranship.Spec, error) {
				upload, spec, err := f.Store.JoinUpload(ctx, id, epoch)
				if errors.Is(err, tranship.ErrUnavailable) {
					err = tranship.UploadNotFound(id)
				}
				return upload, spec, err
			}
			return f
		}},
		"aborts what it has joined": {"leaves", testUploadJoiner, joins(func(f flawed, upload tranship.Upload, _ tranship.Spec) tranship.Upload {
			return aborting{upload, f.Store}
		})},
		"says that it has synced": {"resumed", testUploadJoiner, joins(func(_ flawed, upload tranship.Upload, _ tranship.Spec) tranship.Upload {
			return unsynced{upload}
		})},
		"does not write what it has joined": {"parts of both", testUploadJoiner, joins(func(f flawed, upload tranship.Upload, spec tranship.Spec) tranship.Upload {
			spec.ResumeKey += "elsewhere"
			own, err := f.Store.Begin(context.Background(), spec)
			if err != nil {
				return upload
			}
			return elsewhere{upload, own}
		})},
	}
}

// aborting aborts the upload that it has joined when it leaves.
type aborting struct {
	tranship.Upload
	store *mem.Store
}

func (u aborting) Detach(ctx context.Context) error {
	if err := u.store.AbortUpload(ctx, u.ID()); err != nil && !errors.Is(err, tranship.ErrNotFound) {
		return err
	}
	return u.Upload.Detach(ctx)
}

// unsynced syncs nothing.
type unsynced struct{ tranship.Upload }

func (u unsynced) Sync(context.Context) error { return nil }

// elsewhere writes parts to an upload of its own.
type elsewhere struct {
	tranship.Upload
	own tranship.Upload
}

func (u elsewhere) Part(ctx context.Context, n int) (tranship.PartWriter, error) {
	return u.own.Part(ctx, n)
}

func (u elsewhere) Durable() []tranship.Range { return u.own.Durable() }
