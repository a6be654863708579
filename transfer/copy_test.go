package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/mem"
)

func TestCopyBetweenStores(t *testing.T) {
	sizes := map[string]int{
		"in/empty": 0, "in/one": 1, "in/put": tranship.MaxPutBytes, "in/above": tranship.MaxPutBytes + 1,
		"in/deep/er/large": 5<<20 + 7, "in/buffers": 4 << 20, "out": 3,
	}
	for i := range 300 {
		sizes[fmt.Sprintf("in/many/%03d", i)] = i
	}
	source, destination := newFaulty(), newFaulty()
	fill(t, source, sizes)
	got, progress := results{}, &Progress{}
	options := Options{Files: 5, Report: got.report(t), Progress: progress}
	if err := Copy(t.Context(), destination, Files(t.Context(), source, "in", "to"), options); err != nil {
		t.Fatal(err)
	}
	total := int64(-sizes["out"])
	for _, size := range sizes {
		total += int64(size)
	}
	files := int64(len(sizes) - 1)
	want := Count{Files: files, FilesDone: files, Bytes: total, BytesDone: total, Final: true}
	count := progress.Count()
	count.Moved = Moved{}
	if count != want {
		t.Errorf("progress %+v, want %+v", count, want)
	}
	if len(got) != len(sizes)-1 {
		t.Errorf("%d results, want %d", len(got), len(sizes)-1)
	}
	for name, size := range sizes {
		below, ok := strings.CutPrefix(name, "in/")
		if !ok {
			continue
		}
		data := random(size)
		file := mustHave(t, destination, "to/"+below, data)
		if !file.ModTime.Equal(modTime) || file.Mode != tranship.DefaultMode {
			t.Errorf("%s: time %v mode %v", name, file.ModTime, file.Mode)
		}
		result := got[name]
		if result.Size != int64(size) || result.SentBytes != int64(size) || result.Path != "to/"+below ||
			*result.CRC32C != tranship.CRC32C(data) || result.Version != file.Version || result.Attempts != 1 {
			t.Errorf("%s: %+v", name, result)
		}
	}
	if destination.most > 5 || destination.begun != 0 {
		t.Errorf("%d files in flight, %d uploads left", destination.most, destination.begun)
	}
}

func TestCopyKeepsMetadata(t *testing.T) {
	source, destination := &mem.Store{}, &mem.Store{}
	metadata := map[string]string{"colour": "green"}
	_, err := source.Put(t.Context(), tranship.Spec{Path: "a", Attributes: tranship.Attributes{Metadata: metadata}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := Copy(t.Context(), destination, itemOf(source, "a", 0), Options{}); err != nil {
		t.Fatal(err)
	}
	file, err := destination.Stat(t.Context(), "copy")
	if err != nil || file.Metadata["colour"] != "green" {
		t.Errorf("%v, %v", file, err)
	}
}

func TestCopyInside(t *testing.T) {
	store := newFaulty()
	fill(t, store, map[string]int{"a": 2 << 20})
	store.open = func(string, tranship.Content) (tranship.Content, error) { return nil, errors.New("opened") }
	got := results{}
	items := func(yield func(Item, error) bool) {
		yield(Item{Source: store, SourcePath: "a", Path: "b", Inside: true}, nil)
	}
	if err := Copy(t.Context(), store, items, Options{Report: got.report(t)}); err != nil {
		t.Fatal(err)
	}
	if r := got["a"]; r.SentBytes != 0 || r.SkippedBytes != 2<<20 || r.Size != 2<<20 {
		t.Errorf("%+v", r)
	}
	mustHave(t, store.Store, "b", random(2<<20))
}

// A list may be out of date when a file's turn comes.
func TestCopySizeOtherThanListed(t *testing.T) {
	for _, test := range []struct{ listed, size int }{
		{listed: 0, size: 10},
		{listed: 10, size: 0},
		{listed: 10, size: 2 << 20},
		{listed: 2 << 20, size: 10},
		{listed: -1, size: 10},
		{listed: -1, size: 3 << 20},
	} {
		t.Run(fmt.Sprint(test), func(t *testing.T) {
			source, destination := newFaulty(), newFaulty()
			fill(t, source, map[string]int{"a": test.size})
			if err := Copy(t.Context(), destination, itemOf(source, "a", int64(test.listed)), Options{}); err != nil {
				t.Fatal(err)
			}
			mustHave(t, destination, "copy", random(test.size))
		})
	}
}

func TestCopyUpdate(t *testing.T) {
	source, destination := newFaulty(), newFaulty()
	fill(t, source, map[string]int{"same": 5, "longer": 6, "new": 7, "large": 2 << 20})
	fill(t, destination, map[string]int{"same": 5, "longer": 5, "large": 2 << 20})
	got := results{}
	items := Compare(t.Context(), destination, "", Files(t.Context(), source, "", ""), 0)
	err := Copy(t.Context(), destination, items, Options{Report: got.report(t)})
	if err != nil {
		t.Fatal(err)
	}
	for name, skipped := range map[string]int64{"same": 5, "large": 2 << 20, "longer": 0, "new": 0} {
		if r := got[name]; r.SkippedBytes != skipped || r.SkippedBytes+r.SentBytes != r.Size {
			t.Errorf("%s: %+v, want %d bytes skipped", name, r, skipped)
		}
	}
	mustHave(t, destination, "longer", random(6))
}

// One file's failure does not stop the others.
func TestCopyPartialFailure(t *testing.T) {
	source, destination := newFaulty(), newFaulty()
	fill(t, source, map[string]int{"a": 1, "b": 2, "c": 3 << 20})
	destination.put = func(path string) error {
		if path == "b" {
			return fmt.Errorf("%w: %s", tranship.ErrDenied, path)
		}
		return nil
	}
	items := func(yield func(Item, error) bool) {
		if !yield(Item{Name: "listed", Path: "x"}, errors.New("unreadable")) {
			return
		}
		for item, err := range Files(t.Context(), source, "", "") {
			if !yield(item, err) {
				return
			}
		}
		yield(Item{Source: source, SourcePath: "a", Name: "bad", Path: "../a", File: tranship.File{Size: 1}}, nil)
	}
	got := results{}
	err := Copy(t.Context(), destination, items, Options{Report: got.report(t)})
	failed, ok := errors.AsType[*FailedError](err)
	if !ok || failed.Failed != 3 || failed.Total != 5 {
		t.Fatalf("error %v", err)
	}
	if !errors.Is(got["b"].Err, tranship.ErrDenied) || !errors.Is(got["bad"].Err, tranship.ErrInvalid) || got["listed"].Err == nil {
		t.Errorf("%+v", got)
	}
	if want := []string{"a", "c"}; !slices.Equal(paths(t, destination), want) {
		t.Errorf("paths %q, want %q", paths(t, destination), want)
	}
}

func TestCopyEndsWithTheSequence(t *testing.T) {
	broken := errors.New("broken")
	items := func(yield func(Item, error) bool) { yield(Item{}, broken) }
	if err := Copy(t.Context(), &mem.Store{}, items, Options{}); err != broken {
		t.Errorf("error %v", err)
	}
}

func TestCopyVerifies(t *testing.T) {
	for _, size := range []int{9, 2 << 20} {
		// The bytes are not those that the source has.
		source, destination := newFaulty(), newFaulty()
		fill(t, source, map[string]int{"a": size})
		source.open = func(_ string, c tranship.Content) (tranship.Content, error) {
			return content{readerFunc(func(p []byte) (int, error) {
				n, err := c.Read(p)
				if n > 0 {
					p[n/2] ^= 1
				}
				return n, err
			}), c.File()}, nil
		}
		err := Copy(t.Context(), destination, itemOf(source, "a", int64(size)), Options{})
		if !errors.Is(err, tranship.ErrIntegrity) || len(paths(t, destination)) > 0 || destination.begun > 0 {
			t.Errorf("size %d: error %v, paths %q", size, err, paths(t, destination))
		}
		// The destination has other bytes than were sent.
		destination.commit = func(file *tranship.File) { file.CRC32C = new(uint32(1)) }
		source.open = nil
		err = Copy(t.Context(), destination, itemOf(source, "a", int64(size)), Options{})
		if !errors.Is(err, tranship.ErrIntegrity) {
			t.Errorf("size %d: error %v", size, err)
		}
	}
}

// A source of a known size that has more or fewer bytes is not copied; of an
// unknown size, one that breaks off is not.
func TestCopySourceOfAnotherLength(t *testing.T) {
	for _, test := range []struct {
		name      string
		said, has int
		err       error
	}{
		{"small grows", 10, 11, nil},
		{"small shrinks", 10, 9, nil},
		{"large grows", 2 << 20, 2<<20 + 1, nil},
		{"large shrinks", 2 << 20, 2<<20 - 1, nil},
		{"large breaks off", 2 << 20, 1 << 20, io.ErrUnexpectedEOF},
		{"unknown breaks off", -1, 1<<20 + 5, io.ErrUnexpectedEOF},
	} {
		t.Run(test.name, func(t *testing.T) {
			destination := newFaulty()
			source := opener(func(_ context.Context, options tranship.OpenOptions) (tranship.Content, error) {
				data := random(test.has)[options.Offset:]
				// Only what is not asked for to the end is as long as was asked for.
				if length := options.Length; length != nil && options.Offset+*length < int64(min(test.said, test.has)) {
					data = data[:*length]
				}
				reader := io.Reader(bytes.NewReader(data))
				if test.err != nil {
					reader = io.MultiReader(reader, readerFunc(func([]byte) (int, error) { return 0, test.err }))
				}
				return content{reader, tranship.File{Size: int64(test.said)}}, nil
			})
			err := Copy(t.Context(), destination, itemOf(source, "a", int64(test.said)), Options{})
			if !errors.Is(err, ErrChanged) && (test.said >= 0 || err == nil) {
				t.Errorf("error %v", err)
			}
			if all := paths(t, destination); len(all) > 0 || destination.begun > 0 {
				t.Errorf("committed %q, %d uploads left", all, destination.begun)
			}
		})
	}
}

// opener is a Source.
type opener func(context.Context, tranship.OpenOptions) (tranship.Content, error)

func (o opener) Open(ctx context.Context, _ string, options tranship.OpenOptions) (tranship.Content, error) {
	return o(ctx, options)
}

// stalling never yields anything until its context ends.
func stalling(reading chan<- struct{}) Source {
	return opener(func(ctx context.Context, _ tranship.OpenOptions) (tranship.Content, error) {
		return content{readerFunc(func([]byte) (int, error) {
			if reading != nil {
				reading <- struct{}{}
			}
			<-ctx.Done()
			return 0, ctx.Err()
		}), tranship.File{Size: -1}}, nil
	})
}

func TestCopyCancelled(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	reading := make(chan struct{})
	go func() {
		<-reading
		cancel(errors.New("enough"))
	}()
	destination := newFaulty()
	got := results{}
	err := Copy(ctx, destination, itemOf(stalling(reading), "a", -1), Options{Report: got.report(t)})
	if err == nil || err.Error() != "enough" {
		t.Errorf("error %v", err)
	}
	if !errors.Is(got["a"].Err, ErrStopped) || !errors.Is(got["a"].Err, err) || destination.begun != 0 {
		t.Errorf("%+v, %d uploads left", got["a"], destination.begun)
	}
}

// A destination that fails is not kept waiting by a source that stalls.
func TestCopyDestinationFailsSourceStalls(t *testing.T) {
	destination := newFaulty()
	full := fmt.Errorf("%w", tranship.ErrNoSpace)
	destination.write = func(string) error { return full }
	source := opener(func(ctx context.Context, _ tranship.OpenOptions) (tranship.Content, error) {
		first := bytes.NewReader(random(bufferBytes))
		return content{io.MultiReader(first, readerFunc(func([]byte) (int, error) {
			<-ctx.Done()
			return 0, ctx.Err()
		})), tranship.File{Size: -1}}, nil
	})
	err := Copy(t.Context(), destination, itemOf(source, "a", -1), Options{})
	if !errors.Is(err, tranship.ErrNoSpace) || destination.begun != 0 {
		t.Errorf("error %v, %d uploads left", err, destination.begun)
	}
}
