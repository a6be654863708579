package transfer

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"strings"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/disk"
	"github.com/tranship/tranship/store/mem"
)

// writerStores are stores that a Writer must do the same with.
func writerStores(t *testing.T) map[string]tranship.Store {
	onDisk, err := disk.Open(t.TempDir(), disk.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = onDisk.Close() })
	return map[string]tranship.Store{"mem": &mem.Store{PartSize: 1000}, "disk": onDisk}
}

func newWriter(t *testing.T, ctx context.Context, store tranship.Writer, spec tranship.Spec) *Writer {
	t.Helper()
	w, err := NewWriter(ctx, store, spec)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestWriterCommits(t *testing.T) {
	for name, store := range writerStores(t) {
		for _, size := range []int{0, 1, 999, 1000, 1001, 3<<20 + 5} {
			data := random(size)
			w := newWriter(t, t.Context(), store, tranship.Spec{Path: "d/a", Attributes: tranship.Attributes{ModTime: new(modTime)}})
			for rest := data; len(rest) > 0; {
				n, err := w.Write(rest[:min(len(rest), 70_000)])
				if err != nil {
					t.Fatal(err)
				}
				rest = rest[n:]
			}
			if before, err := store.Stat(t.Context(), "d/a"); err == nil && before.Size == int64(size) {
				t.Errorf("%s: %d bytes are visible before Close", name, size)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			file := mustHave(t, store, "d/a", data)
			if got := w.File(); got.Version != file.Version || got.Size != int64(size) || !got.ModTime.Equal(modTime) {
				t.Errorf("%s: file %+v, want %+v", name, got, file)
			}
			if err := errors.Join(w.Close(), w.Abort()); err != nil {
				t.Errorf("%s: after Close: %v", name, err)
			}
			if _, err := w.Write([]byte("x")); !errors.Is(err, fs.ErrClosed) {
				t.Errorf("%s: write after Close: %v", name, err)
			}
			mustHave(t, store, "d/a", data)
		}
	}
}

func TestWriterReadFrom(t *testing.T) {
	store := newFaulty()
	w := newWriter(t, t.Context(), store, tranship.Spec{Path: "a"})
	data := random(1<<20 + 7)
	if n, err := io.Copy(w, struct{ io.Reader }{bytes.NewReader(data)}); n != int64(len(data)) || err != nil {
		t.Fatal(n, err)
	}
	broken := errors.New("broken")
	if n, err := w.ReadFrom(io.MultiReader(strings.NewReader("tail"), readerFunc(func([]byte) (int, error) { return 0, broken }))); n != 4 || err != broken {
		t.Errorf("%d bytes, %v", n, err)
	}
	if n, err := w.WriteString("end"); n != 3 || err != nil {
		t.Errorf("%d bytes, %v", n, err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	mustHave(t, store, "a", append(data, "tailend"...))
}

// A file that is not closed is not visible and leaves nothing; the older file stays.
func TestWriterLeavesNothing(t *testing.T) {
	enough := errors.New("enough")
	for name, end := range map[string]struct {
		end  func(*Writer, context.CancelCauseFunc) error
		want error
	}{
		"abort": {func(w *Writer, _ context.CancelCauseFunc) error { return w.Abort() }, tranship.ErrAborted},
		"context ends": {func(w *Writer, cancel context.CancelCauseFunc) error {
			cancel(enough)
			return nil
		}, enough},
		"abort after the context": {func(w *Writer, cancel context.CancelCauseFunc) error {
			cancel(enough)
			return w.Abort()
		}, tranship.ErrAborted},
	} {
		for _, existing := range []bool{false, true} {
			ctx, cancel := context.WithCancelCause(t.Context())
			store := newFaulty()
			if existing {
				fill(t, store, map[string]int{"a": 9})
			}
			w := newWriter(t, ctx, store, tranship.Spec{Path: "a"})
			if _, err := w.Write(random(2 << 20)); err != nil {
				t.Fatal(err)
			}
			if err := end.end(w, cancel); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if err := w.Close(); !errors.Is(err, end.want) {
				t.Errorf("%s: close: %v", name, err)
			}
			if _, err := w.Write([]byte("x")); !errors.Is(err, end.want) {
				t.Errorf("%s: write: %v", name, err)
			}
			if err := w.Abort(); err != nil {
				t.Errorf("%s: abort: %v", name, err)
			}
			if store.begun != 0 || w.File().Path != "" {
				t.Errorf("%s: %d uploads left, file %+v", name, store.begun, w.File())
			}
			if existing {
				mustHave(t, store, "a", random(9))
			} else if all := paths(t, store); len(all) > 0 {
				t.Errorf("%s: committed %q", name, all)
			}
			cancel(nil)
		}
	}
}

// The end of the context removes what was written, though the caller forgot the writer.
func TestWriterForgotten(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	aborted := make(chan struct{})
	store := beginner(func(ctx context.Context, spec tranship.Spec) (tranship.Upload, error) {
		upload, err := (&mem.Store{}).Begin(ctx, spec)
		return aborting{upload, aborted}, err
	})
	w := newWriter(t, ctx, store, tranship.Spec{Path: "a"})
	if _, err := w.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	cancel()
	<-aborted
}

// beginner is the Begin of a tranship.Writer.
type beginner func(context.Context, tranship.Spec) (tranship.Upload, error)

func (b beginner) Begin(ctx context.Context, spec tranship.Spec) (tranship.Upload, error) {
	return b(ctx, spec)
}

func (b beginner) Put(context.Context, tranship.Spec, []byte) (tranship.File, error) {
	return tranship.File{}, tranship.ErrUnsupported
}

// aborting tells of an Abort whose context has not ended.
type aborting struct {
	tranship.Upload
	aborted chan struct{}
}

func (a aborting) Abort(ctx context.Context) error {
	if ctx.Err() == nil {
		close(a.aborted)
	}
	return a.Upload.Abort(ctx)
}

// An Abort during Close ends it, and exactly one of the two wins.
func TestWriterAbortDuringClose(t *testing.T) {
	committing := make(chan struct{})
	store := beginner(func(ctx context.Context, spec tranship.Spec) (tranship.Upload, error) {
		upload, err := (&mem.Store{}).Begin(ctx, spec)
		return committingUpload{upload, committing}, err
	})
	w := newWriter(t, t.Context(), store, tranship.Spec{Path: "a"})
	closed := make(chan error)
	go func() { closed <- w.Close() }()
	<-committing
	if err := w.Abort(); err != nil {
		t.Errorf("abort: %v", err)
	}
	if err := <-closed; !errors.Is(err, tranship.ErrAborted) || w.File().Path != "" {
		t.Errorf("close: %v, file %+v", err, w.File())
	}
}

// committingUpload commits until its context ends.
type committingUpload struct {
	tranship.Upload
	committing chan struct{}
}

func (u committingUpload) Commit(ctx context.Context, _ tranship.Commit) (tranship.File, error) {
	close(u.committing)
	<-ctx.Done()
	return tranship.File{}, ctx.Err()
}

// After a Write that failed, Close commits nothing, whatever was written after it.
func TestWriterFailedWrite(t *testing.T) {
	store := newFaulty()
	failures := 1
	store.write = func(string) error {
		if failures--; failures == 0 {
			return tranship.ErrNoSpace
		}
		return nil
	}
	w := newWriter(t, t.Context(), store, tranship.Spec{Path: "a"})
	if _, err := w.Write([]byte("lost")); !errors.Is(err, tranship.ErrNoSpace) {
		t.Errorf("write: %v", err)
	}
	if _, err := w.Write([]byte("kept")); !errors.Is(err, tranship.ErrNoSpace) {
		t.Errorf("second write: %v", err)
	}
	if err := w.Close(); !errors.Is(err, tranship.ErrNoSpace) || len(paths(t, store)) > 0 || store.begun != 0 {
		t.Errorf("close: %v, %q, %d uploads left", err, paths(t, store), store.begun)
	}
}

func TestWriterRefuses(t *testing.T) {
	store := &mem.Store{}
	fill(t, store, map[string]int{"there": 3})
	for name, test := range map[string]struct {
		spec tranship.Spec
		want error
	}{
		"no path":    {tranship.Spec{}, tranship.ErrInvalid},
		"resume key": {tranship.Spec{Path: "a", Size: new(int64(1)), ResumeKey: "k"}, tranship.ErrInvalid},
		"exists":     {tranship.Spec{Path: "there", Precondition: tranship.Precondition{MustNotExist: true}}, tranship.ErrExists},
	} {
		if _, err := NewWriter(t.Context(), store, test.spec); !errors.Is(err, test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := NewWriter(t.Context(), nil, tranship.Spec{Path: "a"}); !errors.Is(err, tranship.ErrInvalid) {
		t.Errorf("no store: %v", err)
	}
	for _, written := range []string{"12", "1234"} {
		w := newWriter(t, t.Context(), store, tranship.Spec{Path: "sized", Size: new(int64(3))})
		_, _ = io.WriteString(w, written) // which Close tells of
		if err := w.Close(); err == nil {
			t.Errorf("%d bytes of 3 were committed", len(written))
		}
	}
	if all := paths(t, store); len(all) != 1 {
		t.Errorf("committed %q", all)
	}
}

// A store that has other bytes than were written is found out.
func TestWriterVerifies(t *testing.T) {
	store := newFaulty()
	store.commit = func(file *tranship.File) { file.CRC32C = new(uint32(1)) }
	w := newWriter(t, t.Context(), store, tranship.Spec{Path: "a"})
	_, _ = w.WriteString("text")
	if err := w.Close(); !errors.Is(err, tranship.ErrIntegrity) {
		t.Errorf("close: %v", err)
	}
}
