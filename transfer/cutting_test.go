package transfer

import (
	"context"
	"io"
	"iter"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/localdir"
	"github.com/tranship/tranship/store/mem"
)

// cutting is a store behind a connection that breaks after some bytes have been
// written, and comes back at the next Begin.
type cutting struct {
	*mem.Store
	// after is how many bytes each upload can take; negative: all.
	after int
	// commit, when not nil, is called before a commit.
	commit func() error

	mu sync.Mutex
	// begun are all uploads, rewritten the parts that were written although they
	// were durable.
	begun, rewritten int
	written          int64
}

func (c *cutting) Begin(ctx context.Context, spec tranship.Spec) (tranship.Upload, error) {
	upload, err := c.Store.Begin(ctx, spec)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.begun++
	u := &cutUpload{Upload: upload, store: c, left: c.after, durable: map[int]bool{}}
	for _, r := range upload.Durable() {
		u.durable[int(r.Offset/upload.PartSize())] = true
	}
	return u, nil
}

type cutUpload struct {
	tranship.Upload
	store   *cutting
	left    int // guarded by the store's lock
	broken  bool
	durable map[int]bool
}

func (u *cutUpload) failure() error {
	u.store.mu.Lock()
	defer u.store.mu.Unlock()
	if u.broken {
		return errGone
	}
	return nil
}

func (u *cutUpload) Part(ctx context.Context, n int) (tranship.PartWriter, error) {
	if err := u.failure(); err != nil {
		return nil, err
	}
	part, err := u.Upload.Part(ctx, n)
	if err != nil {
		return nil, err
	}
	u.store.mu.Lock()
	defer u.store.mu.Unlock()
	if u.durable[n] {
		u.store.rewritten++
	}
	return &cutPart{part, u}, nil
}

func (u *cutUpload) Commit(ctx context.Context, commit tranship.Commit) (tranship.File, error) {
	if err := u.failure(); err != nil {
		return tranship.File{}, err
	}
	if u.store.commit != nil {
		if err := u.store.commit(); err != nil {
			return tranship.File{}, err
		}
	}
	return u.Upload.Commit(ctx, commit)
}

type cutPart struct {
	tranship.PartWriter
	upload *cutUpload
}

func (p *cutPart) Write(data []byte) (int, error) {
	u, store := p.upload, p.upload.store
	store.mu.Lock()
	defer store.mu.Unlock()
	if u.broken {
		return 0, errGone
	}
	if u.left >= 0 {
		u.broken = u.left < len(data)
		data = data[:min(u.left, len(data))]
		u.left -= len(data)
	}
	n, err := p.PartWriter.Write(data)
	store.written += int64(n)
	if err == nil && u.broken {
		err = errGone
	}
	return n, err
}

func (p *cutPart) Close() error {
	if err := p.upload.failure(); err != nil {
		return err
	}
	return p.PartWriter.Close()
}

// partBytes are the parts of what is resumed in tests.
const partBytes = 100_000

// largeBytes is a file of 32 parts.
const largeBytes = 31*partBytes + 12345

func newCutting(after int) *cutting {
	return &cutting{Store: &mem.Store{PartSize: partBytes}, after: after}
}

// localItem is a sequence of one local file, to be copied to "copy".
func localItem(t *testing.T, name string) iter.Seq2[Item, error] {
	t.Helper()
	file, err := localdir.File(name).Stat()
	if err != nil {
		t.Fatal(err)
	}
	return func(yield func(Item, error) bool) {
		yield(Item{Source: localdir.File(name), SourcePath: name, Path: "copy", File: file}, nil)
	}
}

// largeFile is a local file with content that is the same for the same seed.
func largeFile(t *testing.T) (name string, data []byte) {
	t.Helper()
	data = random(largeBytes)
	name = filepath.Join(t.TempDir(), "large")
	writeFile(t, name, data)
	return name, data
}

// rewrite changes a byte of a file, as an editor does that keeps the size.
func rewrite(t *testing.T, name string, offset int64) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	b := make([]byte, 1)
	if _, err := f.ReadAt(b, offset); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 0xff
	if _, err := f.WriteAt(b, offset); err != nil {
		t.Fatal(err)
	}
}

func uploads(t *testing.T, store tranship.Uploads) int {
	t.Helper()
	n := 0
	for _, err := range store.ListUploads(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

// cutSource is a store whose connection breaks after some bytes have been read.
type cutSource struct {
	*mem.Store
	mu sync.Mutex
	// left is how many bytes can be read; negative: all.
	left int
	read int64
}

func (s *cutSource) Open(ctx context.Context, path string, options tranship.OpenOptions) (tranship.Content, error) {
	content, err := s.Store.Open(ctx, path, options)
	if err != nil {
		return nil, err
	}
	return &cutContent{content, s}, nil
}

type cutContent struct {
	tranship.Content
	source *cutSource
}

func (c *cutContent) Read(p []byte) (int, error) {
	s := c.source
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left == 0 {
		return 0, errGone
	}
	if s.left > 0 {
		p = p[:min(s.left, len(p))]
	}
	n, err := c.Content.Read(p)
	if s.left > 0 {
		s.left -= n
	}
	s.read += int64(n)
	return n, err
}

var _ io.Reader = (*cutContent)(nil)
