package storetest_test

import (
	"context"
	"fmt"
	"iter"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/store/storetest"
)

// mutant is a store with a flaw.
type mutant struct {
	// group is the subtest of the suite that is for it.
	group string
	suite func(t *testing.T, flaw func(flawed) flawed)
	flaw  func(flawed) flawed
}

// flawed is a store some of whose methods may be replaced.
type flawed struct {
	*mem.Store
	// refuses, when not nil, reports which preconditions the store does not decide.
	refuses func(precondition tranship.Precondition) bool

	put         func(ctx context.Context, spec tranship.Spec, data []byte) (tranship.File, error)
	list        func(ctx context.Context, options tranship.ListOptions) iter.Seq2[tranship.Entry, error]
	open        func(ctx context.Context, path string, options tranship.OpenOptions) (tranship.Content, error)
	begin       func(ctx context.Context, spec tranship.Spec) (tranship.Upload, error)
	move        func(ctx context.Context, source, destination string, precondition tranship.Precondition) (tranship.File, error)
	copy        func(ctx context.Context, source, destination string, precondition tranship.Precondition) (tranship.File, error)
	fetch       func(ctx context.Context, path string, size int64) (tranship.File, []byte, error)
	putBatch    func(ctx context.Context, items []tranship.PutItem) []tranship.PutResult
	fetchBatch  func(ctx context.Context, items []tranship.FetchItem) []tranship.FetchResult
	health      func(ctx context.Context) error
	statChange  func(ctx context.Context, path string) (tranship.File, time.Time, error)
	abort       func(ctx context.Context, id string) error
	listUploads func(ctx context.Context, directory string) iter.Seq2[tranship.UploadInfo, error]
	attributes  func(ctx context.Context, path string, attributes tranship.Attributes, precondition tranship.Precondition) (tranship.File, error)
	join        func(ctx context.Context, id string, epoch uint64) (tranship.Upload, tranship.Spec, error)
	getState    func(ctx context.Context, key string) (tranship.StateEntry, error)
	swapState   func(ctx context.Context, entry tranship.StateEntry) (string, error)
	removeState func(ctx context.Context, key, version string) error
	listState   func(ctx context.Context, prefix string) iter.Seq2[tranship.StateEntry, error]
}

func newFlawed(store *mem.Store) flawed {
	return flawed{
		Store: store, put: store.Put, list: store.List, open: store.Open, begin: store.Begin, move: store.Move, copy: store.Copy,
		putBatch: store.PutBatch, fetchBatch: store.FetchBatch,
		attributes: store.SetAttributes,
		abort:      store.AbortUpload, listUploads: store.ListUploads, join: store.JoinUpload,
		getState: store.GetState, swapState: store.SwapState, removeState: store.RemoveState, listState: store.ListState,
		health: func(context.Context) error { return nil }, statChange: store.StatChange,
		fetch: func(ctx context.Context, path string, size int64) (tranship.File, []byte, error) {
			return tranship.Fetch(ctx, struct{ tranship.Store }{store}, path, size)
		},
	}
}

// decide fails for a precondition that the store refuses.
func (f flawed) decide(precondition tranship.Precondition) error {
	if f.refuses != nil && precondition.ValidateTransplant() == nil && f.refuses(precondition) {
		return fmt.Errorf("%w: no such precondition", tranship.ErrUnsupported)
	}
	return nil
}

func (f flawed) SetAttributes(ctx context.Context, path string, attributes tranship.Attributes, precondition tranship.Precondition) (tranship.File, error) {
	if err := f.decide(precondition); err != nil {
		return tranship.File{}, err
	}
	return f.attributes(ctx, path, attributes, precondition)
}

func (f flawed) Remove(ctx context.Context, path string, precondition tranship.Precondition) error {
	if err := f.decide(precondition); err != nil {
		return err
	}
	return f.Store.Remove(ctx, path, precondition)
}

func (f flawed) Put(ctx context.Context, spec tranship.Spec, data []byte) (tranship.File, error) {
	if err := f.decide(spec.Precondition); err != nil {
		return tranship.File{}, err
	}
	return f.put(ctx, spec, data)
}

func (f flawed) List(ctx context.Context, options tranship.ListOptions) iter.Seq2[tranship.Entry, error] {
	return f.list(ctx, options)
}

func (f flawed) Open(ctx context.Context, path string, options tranship.OpenOptions) (tranship.Content, error) {
	return f.open(ctx, path, options)
}

func (f flawed) Begin(ctx context.Context, spec tranship.Spec) (tranship.Upload, error) {
	if err := f.decide(spec.Precondition); err != nil {
		return nil, err
	}
	return f.begin(ctx, spec)
}

func (f flawed) Move(ctx context.Context, source, destination string, precondition tranship.Precondition) (tranship.File, error) {
	if err := f.decide(precondition); err != nil {
		return tranship.File{}, err
	}
	return f.move(ctx, source, destination, precondition)
}

func (f flawed) Copy(ctx context.Context, source, destination string, precondition tranship.Precondition) (tranship.File, error) {
	if err := f.decide(precondition); err != nil {
		return tranship.File{}, err
	}
	return f.copy(ctx, source, destination, precondition)
}

func (f flawed) Fetch(ctx context.Context, path string, size int64) (tranship.File, []byte, error) {
	return f.fetch(ctx, path, size)
}

func (f flawed) PutBatch(ctx context.Context, items []tranship.PutItem) []tranship.PutResult {
	return f.putBatch(ctx, items)
}

func (f flawed) FetchBatch(ctx context.Context, items []tranship.FetchItem) []tranship.FetchResult {
	return f.fetchBatch(ctx, items)
}

func (f flawed) CheckHealth(ctx context.Context) error { return f.health(ctx) }

func (f flawed) StatChange(ctx context.Context, path string) (tranship.File, time.Time, error) {
	return f.statChange(ctx, path)
}

func (f flawed) AbortUpload(ctx context.Context, id string) error { return f.abort(ctx, id) }

func (f flawed) ListUploads(ctx context.Context, directory string) iter.Seq2[tranship.UploadInfo, error] {
	return f.listUploads(ctx, directory)
}

// uploads replaces the uploads of a store by what wrap makes of them.
func (f flawed) uploads(wrap func(tranship.Upload) tranship.Upload) flawed {
	begin := f.begin
	f.begin = func(ctx context.Context, spec tranship.Spec) (tranship.Upload, error) {
		upload, err := begin(ctx, spec)
		if err != nil {
			return nil, err
		}
		return wrap(upload), nil
	}
	return f
}

// testAll is the suite of every store, without what lacks says.
func testAll(lacks ...storetest.Lack) func(t *testing.T, flaw func(flawed) flawed) {
	return func(t *testing.T, flaw func(flawed) flawed) {
		storetest.Test(t, func(*testing.T) tranship.Store { return flaw(newFlawed(&mem.Store{PartSize: 1000})) }, lacks...)
	}
}

// refusing is a store that does not do what storetest.Lack has.
func refusing(f flawed) flawed {
	refuse := func(context.Context, string, string, tranship.Precondition) (tranship.File, error) {
		return tranship.File{}, tranship.ErrUnsupported
	}
	f.move, f.copy = refuse, refuse
	return startsOver(f).uploads(func(upload tranship.Upload) tranship.Upload { return noCopyPart{upload} })
}

// startsOver ignores resume keys.
func startsOver(f flawed) flawed {
	begin := f.begin
	f.begin = func(ctx context.Context, spec tranship.Spec) (tranship.Upload, error) {
		if err := spec.Validate(); err != nil {
			return nil, err
		}
		spec.ResumeKey = ""
		return begin(ctx, spec)
	}
	return f
}

type noCopyPart struct{ tranship.Upload }

func (noCopyPart) CopyPart(context.Context, int, string, tranship.OpenOptions) error {
	return fmt.Errorf("%w: no", tranship.ErrUnsupported)
}

// testRefusing is the suite of a store that declares all lacks, and refuses all that it
// declares but for its flaw.
func testRefusing(t *testing.T, flaw func(flawed) flawed) {
	testAll(storetest.NoResume, storetest.NoCopyPart, storetest.NoMove, storetest.NoCopy)(t, func(f flawed) flawed { return flaw(refusing(f)) })
}

// testRefusingConditions is the suite of a store that declares not to decide some
// preconditions, and refuses them but for its flaw.
func testRefusingConditions(lack storetest.Lack, refuses func(tranship.Precondition) bool) func(*testing.T, func(flawed) flawed) {
	return func(t *testing.T, flaw func(flawed) flawed) {
		testAll(lack)(t, func(f flawed) flawed {
			f.refuses = refuses
			return flaw(f)
		})
	}
}
