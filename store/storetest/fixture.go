package storetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/tranship/tranship"
)

// fixture is a test with its store. Its methods end the test when they fail, so only the
// goroutine of the test may call them.
type fixture struct {
	*testing.T
	ctx   context.Context
	store tranship.Store
	// reopens is true if the test closes the store and opens it again.
	reopens bool
	// lacks is the set of lacks that the store has declared.
	lacks map[Lack]bool
}

// Context ends with the test, or when the test is stuck.
func (f fixture) Context() context.Context { return f.ctx }

// content returns n bytes that look random and differ from seed to seed.
func content(seed byte, n int64) []byte {
	data := make([]byte, n)
	rand.NewChaCha8([32]byte{seed}).Read(data)
	return data
}

// put stores data at path, from a buffer that it then overwrites.
func (f fixture) put(path string, data []byte) tranship.File {
	f.Helper()
	return f.putSpec(tranship.Spec{Path: path, Durability: tranship.DurabilityWritten}, data)
}

func (f fixture) putSpec(spec tranship.Spec, data []byte) tranship.File {
	f.Helper()
	buffer := bytes.Clone(data)
	file, err := f.store.Put(f.Context(), spec, buffer)
	clobber(buffer)
	if err != nil {
		f.Fatalf("Put(%q): %v", spec.Path, err)
	}
	f.checkFile(file, spec.Path, data)
	return file
}

// clobber overwrites a buffer that the store must no longer use.
func clobber(buffer []byte) {
	for i := range buffer {
		buffer[i] = 0xDB
	}
}

// checkFile checks the fields that every description of a file must have.
func (f fixture) checkFile(file tranship.File, path string, data []byte) {
	f.Helper()
	if file.Path != path {
		f.Fatalf("path is %q, want %q", file.Path, path)
	}
	if file.Size != int64(len(data)) {
		f.Fatalf("size of %q is %d, want %d", path, file.Size, len(data))
	}
	if file.Version == "" || len(file.Version) > 128 {
		f.Fatalf("version of %q is %q, want 1 to 128 bytes", path, file.Version)
	}
	if file.CRC32C != nil && *file.CRC32C != tranship.CRC32C(data) {
		f.Fatalf("CRC32C of %q is %08x, want %08x", path, *file.CRC32C, tranship.CRC32C(data))
	}
}

// stat describes a file that must be there.
func (f fixture) stat(path string) tranship.File {
	f.Helper()
	file, err := f.store.Stat(f.Context(), path)
	if err != nil {
		f.Fatalf("Stat(%q): %v", path, err)
	}
	return file
}

// has checks that path is a file with this content.
func (f fixture) has(path string, data []byte) tranship.File {
	f.Helper()
	file := f.stat(path)
	f.checkFile(file, path, data)
	opened, got := f.read(path, tranship.OpenOptions{})
	f.sameFile(opened, file)
	f.sameBytes(got, data)
	return file
}

// hasNot checks that there is no file at path.
func (f fixture) hasNot(path string) {
	f.Helper()
	if _, err := f.store.Stat(f.Context(), path); !errors.Is(err, tranship.ErrNotFound) {
		f.Fatalf("Stat(%q) is %v, want ErrNotFound", path, err)
	}
	if content, err := f.store.Open(f.Context(), path, tranship.OpenOptions{}); !errors.Is(err, tranship.ErrNotFound) {
		if err == nil {
			content.Close()
		}
		f.Fatalf("Open(%q) is %v, want ErrNotFound", path, err)
	}
}

// isEmpty checks that nothing at all is visible.
func (f fixture) isEmpty() {
	f.Helper()
	if keys := f.keys(tranship.ListOptions{}); len(keys) != 0 {
		f.Fatalf("the store has %q, want nothing", keys)
	}
}

// open opens a file that must be there; the content is closed when the test ends.
func (f fixture) open(path string, options tranship.OpenOptions) tranship.Content {
	f.Helper()
	content, err := f.store.Open(f.Context(), path, options)
	if err != nil {
		f.Fatalf("Open(%q, %+v): %v", path, options, err)
	}
	f.Cleanup(func() { content.Close() })
	return content
}

// read reads a range of a file that must be there.
func (f fixture) read(path string, options tranship.OpenOptions) (tranship.File, []byte) {
	f.Helper()
	content := f.open(path, options)
	data, err := io.ReadAll(content)
	if err != nil {
		f.Fatalf("reading %q: %v", path, err)
	}
	if err := content.Close(); err != nil {
		f.Fatalf("Close of %q: %v", path, err)
	}
	return content.File(), data
}

// remove removes a file that must be there.
func (f fixture) remove(path string) {
	f.Helper()
	if err := f.store.Remove(f.Context(), path, tranship.Precondition{}); err != nil {
		f.Fatalf("Remove(%q): %v", path, err)
	}
}

// keys returns the keys of the entries of a list.
func (f fixture) keys(options tranship.ListOptions) []string {
	f.Helper()
	var keys []string
	for entry, err := range f.store.List(f.Context(), options) {
		if err != nil {
			f.Fatalf("List(%+v): %v", options, err)
		}
		keys = append(keys, entry.Key())
	}
	return keys
}

// lists checks the keys of a list.
func (f fixture) lists(options tranship.ListOptions, want ...string) {
	f.Helper()
	if got := f.keys(options); !slices.Equal(got, want) {
		f.Fatalf("List(%+v) is %q, want %q", options, got, want)
	}
}

// sameBytes compares contents without printing them.
func (f fixture) sameBytes(got, want []byte) {
	f.Helper()
	if bytes.Equal(got, want) {
		return
	}
	at := 0
	for at < len(got) && at < len(want) && got[at] == want[at] {
		at++
	}
	f.Fatalf("got %d bytes, want %d; they differ from byte %d", len(got), len(want), at)
}

// sameFile compares two descriptions of one version.
func (f fixture) sameFile(got, want tranship.File) {
	f.Helper()
	if difference := difference(got, want); difference != "" {
		f.Fatalf("%s of %q differs:\n got %+v\nwant %+v", difference, want.Path, got, want)
	}
}

// fails checks that err matches target.
func (f fixture) fails(what string, err, target error) {
	f.Helper()
	if !errors.Is(err, target) {
		f.Fatalf("%s is %v, want %v", what, err, target)
	}
}

// invalid checks that err is a complete *InvalidError.
func (f fixture) invalid(what string, err error) {
	f.Helper()
	if problem := notInvalid(err); problem != "" {
		f.Fatalf("%s %s", what, problem)
	}
}

func notInvalid(err error) string {
	if err == nil {
		return "succeeded, want an *InvalidError"
	}
	invalid, ok := errors.AsType[*tranship.InvalidError](err)
	switch {
	case !ok:
		return "is " + err.Error() + ", want an *InvalidError"
	case !errors.Is(err, tranship.ErrInvalid):
		return "does not match ErrInvalid"
	case invalid.Field == "" || invalid.Rule == "":
		return "is an *InvalidError without a field or a rule"
	}
	return ""
}

// background returns a context for cleaning up after the test's context has ended.
func (f fixture) background() context.Context {
	return context.WithoutCancel(f.Context())
}

// together calls do with 0 to n-1, each in its own goroutine, and returns the errors.
func together(n int, do func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			<-start
			errs[i] = do(i)
		})
	}
	close(start)
	group.Wait()
	return errs
}
