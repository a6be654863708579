package transfer

import (
	"bytes"
	"context"
	"io"
	"iter"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/sequential"
	"github.com/tranship/tranship/store/mem"
)

// faulty is a store whose methods can be told to fail or to do worse. A hook that
// is nil changes nothing. Hooks are called one at a time.
type faulty struct {
	tranship.Store

	put    func(path string) error
	begin  func(path string) error
	write  func(path string) error
	commit func(file *tranship.File)
	open   func(path string, content tranship.Content) (tranship.Content, error)
	list   func(after string, n int) error

	mu       sync.Mutex
	inFlight int
	most     int
	begun    int // uploads that have neither been committed nor aborted nor let go
}

func (f *faulty) enter() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.inFlight++
	f.most = max(f.most, f.inFlight)
}

func (f *faulty) leave() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.inFlight--
}

func (f *faulty) call(hook func(string) error, path string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if hook == nil {
		return nil
	}
	return hook(path)
}

func (f *faulty) Put(ctx context.Context, spec tranship.Spec, data []byte) (tranship.File, error) {
	f.enter()
	defer f.leave()
	if err := f.call(f.put, spec.Path); err != nil {
		return tranship.File{}, err
	}
	file, err := f.Store.Put(ctx, spec, data)
	if f.commit != nil {
		f.commit(&file)
	}
	return file, err
}

func (f *faulty) Begin(ctx context.Context, spec tranship.Spec) (tranship.Upload, error) {
	if err := f.call(f.begin, spec.Path); err != nil {
		return nil, err
	}
	upload, err := f.Store.Begin(ctx, spec)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.begun++
	return &faultyUpload{Upload: upload, store: f, path: spec.Path}, nil
}

func (f *faulty) Open(ctx context.Context, path string, options tranship.OpenOptions) (tranship.Content, error) {
	content, err := f.Store.Open(ctx, path, options)
	if err != nil || f.open == nil {
		return content, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.open(path, content)
}

func (f *faulty) List(ctx context.Context, options tranship.ListOptions) iter.Seq2[tranship.Entry, error] {
	return func(yield func(tranship.Entry, error) bool) {
		n := 0
		for entry, err := range f.Store.List(ctx, options) {
			if f.list != nil {
				if err := f.list(options.StartAfter, n); err != nil {
					yield(tranship.Entry{}, err)
					return
				}
			}
			if !yield(entry, err) {
				return
			}
			n++
		}
	}
}

type faultyUpload struct {
	tranship.Upload
	store *faulty
	path  string
	once  sync.Once
}

func (u *faultyUpload) end() {
	u.once.Do(func() {
		u.store.mu.Lock()
		defer u.store.mu.Unlock()
		u.store.begun--
	})
}

func (u *faultyUpload) Part(ctx context.Context, n int) (tranship.PartWriter, error) {
	part, err := u.Upload.Part(ctx, n)
	if err != nil {
		return nil, err
	}
	return &faultyPart{part, u}, nil
}

func (u *faultyUpload) Commit(ctx context.Context, commit tranship.Commit) (tranship.File, error) {
	file, err := u.Upload.Commit(ctx, commit)
	if err == nil {
		u.end()
		if u.store.commit != nil {
			u.store.commit(&file)
		}
	}
	return file, err
}

func (u *faultyUpload) Abort(ctx context.Context) error {
	u.end()
	return u.Upload.Abort(ctx)
}

func (u *faultyUpload) Detach(ctx context.Context) error {
	u.end()
	return u.Upload.Detach(ctx)
}

type faultyPart struct {
	tranship.PartWriter
	upload *faultyUpload
}

func (p *faultyPart) Write(data []byte) (int, error) {
	if err := p.upload.store.call(p.upload.store.write, p.upload.path); err != nil {
		return 0, err
	}
	return p.PartWriter.Write(data)
}

// content is one that yields what its reader does.
type content struct {
	io.Reader
	file tranship.File
}

func (c content) File() tranship.File { return c.file }
func (c content) Close() error        { return nil }

// readerFunc is an io.Reader.
type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

var modTime = time.Date(2024, 2, 29, 12, 34, 56, 789012000, time.UTC)

// random is content that is the same for the same size.
func random(size int) []byte {
	data := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{byte(size), byte(size >> 8)}).Read(data)
	return data
}

// fill puts files of the sizes into a store.
func fill(t *testing.T, store tranship.Writer, sizes map[string]int) {
	t.Helper()
	for path, size := range sizes {
		spec := tranship.Spec{Path: path, Attributes: tranship.Attributes{ModTime: new(modTime), Mode: new(tranship.DefaultMode)}}
		upload, err := store.Begin(t.Context(), spec)
		if err != nil {
			t.Fatal(err)
		}
		writer := sequential.NewWriter(t.Context(), upload)
		if _, err := writer.Write(random(size)); err != nil {
			t.Fatal(err)
		}
		if _, err := writer.Commit(); err != nil {
			t.Fatal(err)
		}
	}
}

// putLarge makes data the content of a file.
func putLarge(t *testing.T, store tranship.Writer, path string, data []byte) {
	t.Helper()
	upload, err := store.Begin(t.Context(), tranship.Spec{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	writer := sequential.NewWriter(t.Context(), upload)
	if _, err := writer.Write(data); err != nil {
		t.Fatal(err)
	}
	if _, err := writer.Commit(); err != nil {
		t.Fatal(err)
	}
}

// mustHave fails unless a source has that content.
func mustHave(t *testing.T, source Source, path string, want []byte) tranship.File {
	t.Helper()
	c, err := source.Open(t.Context(), path, tranship.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	got, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("%s: got %d bytes that are not the %d expected ones", path, len(got), len(want))
	}
	return c.File()
}

// paths are all in a store.
func paths(t *testing.T, store Lister) []string {
	t.Helper()
	var all []string
	for entry, err := range store.List(t.Context(), tranship.ListOptions{Recursive: true}) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, entry.Path)
	}
	return all
}

// results collects them by source.
type results map[string]Result

func (r results) report(t *testing.T) func(Result) {
	return func(result Result) {
		if _, again := r[result.Source]; again {
			t.Errorf("%s was reported twice", result.Source)
		}
		r[result.Source] = result
	}
}

// itemOf is a sequence of one file of a source, whose size is not known better.
func itemOf(source Source, path string, size int64) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		yield(Item{Source: source, SourcePath: path, Path: "copy", File: tranship.File{Size: size}}, nil)
	}
}

func newFaulty() *faulty { return &faulty{Store: &mem.Store{}} }
