package localdir_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/filetest"
	"github.com/tranship/tranship/store/localdir"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/transfer"
)

// downloadBytes is a file of 6 parts of a Dir.
const downloadBytes = 5*localdir.LeastPart + 4321

// download is a store with the file "a", and a directory that gets "copy".
type download struct {
	source *cutSource
	name   string
	data   []byte
}

func newDownload(t *testing.T) *download {
	t.Helper()
	d := &download{source: &cutSource{Store: &mem.Store{}, left: -1}, name: t.TempDir(), data: filetest.Random(downloadBytes)}
	filetest.Put(t, d.source, "a", d.data)
	return d
}

// copy copies as another process would, until left bytes have been read.
func (d *download) copy(t *testing.T, left int, options transfer.Options) (transfer.Result, error) {
	t.Helper()
	dir, err := localdir.Open(d.name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = dir.Close() }()
	d.source.left, d.source.read = left, 0
	got := results{}
	options.Report = got.report(t)
	err = transfer.Copy(t.Context(), dir, itemOf(d.source, "a", downloadBytes), options)
	return got["a"], err
}

// interrupt leaves three parts of the file.
func (d *download) interrupt(t *testing.T, durability tranship.Durability) {
	t.Helper()
	_, err := d.copy(t, 3*localdir.LeastPart+5, transfer.Options{Attempts: 1, Parts: 1, Durability: durability})
	if !errors.Is(err, transfer.ErrResumable) {
		t.Fatalf("error %v", err)
	}
}

// file is the only one with the suffix.
func (d *download) file(t *testing.T, suffix string) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(d.name, localdir.TemporaryPrefix+"*"+suffix))
	if err != nil || len(names) != 1 {
		t.Fatalf("%q, %v", names, err)
	}
	return names[0]
}

// finish copies the rest and checks all.
func (d *download) finish(t *testing.T, options transfer.Options) transfer.Result {
	t.Helper()
	result, err := d.copy(t, -1, options)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(d.name, "copy"))
	if err != nil || !bytes.Equal(got, d.data) {
		t.Fatalf("%d bytes that are not the %d expected ones, %v", len(got), len(d.data), err)
	}
	if entries, err := os.ReadDir(d.name); err != nil || len(entries) != 1 {
		t.Fatalf("%v, %v", entries, err)
	}
	if result.SentBytes+result.SkippedBytes != downloadBytes || d.source.read != result.SentBytes {
		t.Errorf("%+v, with %d bytes read", result, d.source.read)
	}
	return result
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
