package sequential_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/sequential"
	"github.com/tranship/tranship/store/mem"
)

func TestWriter(t *testing.T) {
	data := []byte("0123456789abcdef0123456789abcdef")
	for _, piece := range []int{1, 3, 7, 8, 9, 16, 32} {
		for size := range len(data) {
			store := &mem.Store{PartSize: 8}
			upload, err := store.Begin(t.Context(), tranship.Spec{Path: "a"})
			if err != nil {
				t.Fatal(err)
			}
			writer := sequential.NewWriter(t.Context(), upload)
			for rest := data[:size]; len(rest) > 0; {
				n, err := writer.Write(rest[:min(piece, len(rest))])
				if err != nil {
					t.Fatal(err)
				}
				rest = rest[n:]
			}
			file, err := writer.Commit()
			if err != nil || file.Size != int64(size) || *file.CRC32C != tranship.CRC32C(data[:size]) {
				t.Errorf("%d bytes by %d: %+v, %v", size, piece, file, err)
			}
			if err := writer.Abort(); err != nil {
				t.Errorf("abort after commit: %v", err)
			}
		}
	}
}

func TestWriterFailures(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	store := &mem.Store{PartSize: 8}
	upload, err := store.Begin(ctx, tranship.Spec{Path: "a", Size: new(int64(10))})
	if err != nil {
		t.Fatal(err)
	}
	writer := sequential.NewWriter(ctx, upload)
	if n, err := writer.Write(make([]byte, 11)); n != 8 || !errors.Is(err, tranship.ErrInvalid) {
		t.Errorf("too many bytes: %d, %v", n, err)
	}
	if _, err := writer.Write(nil); !errors.Is(err, tranship.ErrInvalid) {
		t.Errorf("a later write: %v", err)
	}
	if _, err := writer.Commit(); !errors.Is(err, tranship.ErrInvalid) {
		t.Errorf("commit: %v", err)
	}
	cancel()
	if err := writer.Abort(); err != nil {
		t.Errorf("abort: %v", err)
	}
	if _, err := upload.Part(t.Context(), 0); !errors.Is(err, tranship.ErrAborted) {
		t.Errorf("the upload is still there: %v", err)
	}
}

// memorySink implements sequential.Sink. When blocked is not nil, Write blocks until
// Abort closes it.
type memorySink struct {
	bytes.Buffer
	blocked chan struct{}
	commit  error
}

func (s *memorySink) Write(data []byte) (int, error) {
	if s.blocked != nil {
		<-s.blocked
		return 0, errors.New("torn down")
	}
	return s.Buffer.Write(data)
}

func (s *memorySink) Commit(size int64, crc uint32) (tranship.File, error) {
	return tranship.File{Size: size, CRC32C: &crc}, s.commit
}

func (s *memorySink) Abort() {
	if s.blocked != nil {
		close(s.blocked)
	}
}

// begin returns an upload into which data has been written.
func begin(t *testing.T, sink sequential.Sink, size *int64, data string) tranship.Upload {
	t.Helper()
	upload := sequential.NewUpload(sink, tranship.Spec{Size: size})
	part, err := upload.Part(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(part, data); err != nil {
		t.Fatal(err)
	}
	if err := part.Close(); err != nil {
		t.Fatal(err)
	}
	return upload
}

func TestUploadCommit(t *testing.T) {
	failure := errors.New("failure")
	for _, test := range []struct {
		name     string
		declared *int64
		commit   tranship.Commit
		sink     memorySink
		want     error
	}{
		{name: "right", declared: new(int64(3)), commit: tranship.Commit{Size: 3, CRC32C: new(tranship.CRC32C([]byte("abc")))}},
		{name: "incomplete", commit: tranship.Commit{Size: 4}, want: tranship.ErrPrecondition},
		{name: "too much", commit: tranship.Commit{Size: 2}, want: tranship.ErrInvalid},
		{name: "not as declared", declared: new(int64(4)), commit: tranship.Commit{Size: 3}, want: tranship.ErrInvalid},
		{name: "checksum", commit: tranship.Commit{Size: 3, CRC32C: new(uint32(1))}, want: tranship.ErrIntegrity},
		{name: "sink", commit: tranship.Commit{Size: 3}, sink: memorySink{commit: failure}, want: failure},
	} {
		t.Run(test.name, func(t *testing.T) {
			upload := begin(t, &test.sink, test.declared, "abc")
			if _, err := upload.Commit(t.Context(), test.commit); !errors.Is(err, test.want) {
				t.Errorf("error is %v, want %v", err, test.want)
			}
		})
	}
}

func TestUploadMisuse(t *testing.T) {
	upload := begin(t, new(memorySink), new(int64(3)), "ab")
	for n, want := range map[int]error{-1: tranship.ErrInvalid, 0: tranship.ErrUnsupported, 1: tranship.ErrInvalid} {
		if _, err := upload.Part(t.Context(), n); !errors.Is(err, want) {
			t.Errorf("part %d: %v, want %v", n, err, want)
		}
	}
	if err := upload.CopyPart(t.Context(), 0, "a", tranship.OpenOptions{}); !errors.Is(err, tranship.ErrUnsupported) {
		t.Errorf("copy: %v", err)
	}
	upload = sequential.NewUpload(new(memorySink), tranship.Spec{Size: new(int64(3))})
	part, err := upload.Part(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := part.Write([]byte("abcd")); n != 0 || !errors.Is(err, tranship.ErrInvalid) {
		t.Errorf("beyond the size: %d, %v", n, err)
	}
	if _, err := upload.Commit(t.Context(), tranship.Commit{}); !errors.Is(err, tranship.ErrInvalid) {
		t.Errorf("commit with an open writer: %v", err)
	}
}

// TestUploadIsNotResumed checks that a stream has no state that could be resumed.
func TestUploadIsNotResumed(t *testing.T) {
	upload := begin(t, new(memorySink), nil, "abc")
	if err := upload.Sync(t.Context()); err != nil || upload.Epoch() != 1 || len(upload.Durable()) > 0 {
		t.Errorf("epoch %d, durable %v, sync: %v", upload.Epoch(), upload.Durable(), err)
	}
	if err := upload.Detach(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := upload.Commit(t.Context(), tranship.Commit{Size: 3}); !errors.Is(err, tranship.ErrAborted) {
		t.Errorf("commit after detach: %v", err)
	}
}

// TestUploadWaiting checks that calls that wait for the sink end with their context.
func TestUploadWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		upload := sequential.NewUpload(&memorySink{blocked: make(chan struct{})}, tranship.Spec{})
		ctx, cancel := context.WithCancel(t.Context())
		part, err := upload.Part(ctx, 0)
		if err != nil {
			t.Fatal(err)
		}
		var group sync.WaitGroup
		group.Go(func() {
			if _, err := part.Write([]byte("x")); !errors.Is(err, context.Canceled) {
				t.Errorf("writing: %v", err)
			}
		})
		synctest.Wait()
		cancel()
		group.Wait()
		if _, err := upload.Commit(t.Context(), tranship.Commit{}); !errors.Is(err, context.Canceled) {
			t.Errorf("commit: %v", err)
		}
	})
}

func TestAbort(t *testing.T) {
	upload := begin(t, new(memorySink), nil, "abc")
	for range 2 {
		if err := upload.Abort(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if _, err := upload.Commit(t.Context(), tranship.Commit{Size: 3}); !errors.Is(err, tranship.ErrAborted) {
		t.Errorf("commit: %v", err)
	}
}
