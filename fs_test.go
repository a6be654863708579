package tranship_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"iter"
	"net/http"
	"net/http/httptest"
	"path"
	"testing"
	"testing/fstest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/storeserver"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/disk"
	"github.com/tranship/tranship/store/mem"
)

// fsStores returns an empty store of each kind.
func fsStores(t *testing.T) map[string]tranship.Store {
	t.Helper()
	onDisk, err := disk.Open(t.TempDir(), disk.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = onDisk.Close() })
	return map[string]tranship.Store{"mem": &mem.Store{}, "disk": onDisk, "client": onServer(t, &mem.Store{})}
}

// onServer serves a store and returns a client of the server.
func onServer(t *testing.T, store tranship.Store) tranship.Store {
	t.Helper()
	address := storeserver.Serve(t, store, server.Config{})
	files, err := client.Dial(t.Context(), address, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = files.Close() })
	return files
}

// put stores a small file.
func put(t *testing.T, store tranship.Writer, path string, data []byte) tranship.File {
	t.Helper()
	file, err := store.Put(t.Context(), tranship.Spec{
		Path:       path,
		Attributes: tranship.Attributes{ModTime: new(time.Date(2024, 2, 29, 12, 34, 56, 0, time.UTC))},
	}, data)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// fsFiles sort differently by name than by a store's Key: "a.b" comes after the directory
// "a" by its name, and before it by its Key.
func fsFiles() map[string][]byte {
	return map[string][]byte{
		"a/1": []byte("one"), "a/b/2": ascending(2_000), "a.b": []byte("dot"), "a b/c d": nil,
		"日本/語": []byte("text"), "z": ascending(255), "~": []byte("~"),
	}
}

func fillFS(t *testing.T, store tranship.Store) (names []string) {
	t.Helper()
	for path, data := range fsFiles() {
		put(t, store, path, data)
		names = append(names, path)
	}
	return names
}

func TestFS(t *testing.T) {
	for name, store := range fsStores(t) {
		t.Run(name, func(t *testing.T) {
			names := fillFS(t, store)
			system := tranship.FS(t.Context(), store)
			if err := fstest.TestFS(system, names...); err != nil {
				t.Error(err)
			}
			sub, err := fs.Sub(system, "a")
			if err != nil {
				t.Fatal(err)
			}
			if err := fstest.TestFS(sub, "1", "b/2"); err != nil {
				t.Errorf("sub: %v", err)
			}
			for path, want := range fsFiles() {
				if got, err := fs.ReadFile(system, path); err != nil || !bytes.Equal(got, want) {
					t.Errorf("%s: %d bytes, %v", path, len(got), err)
				}
			}
		})
	}
}

func TestFSOfEmptyStore(t *testing.T) {
	for name, store := range fsStores(t) {
		if err := fstest.TestFS(tranship.FS(t.Context(), store)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestFSErrors checks that errors are *fs.PathErrors and match the errors of package fs as
// well as those of the store.
func TestFSErrors(t *testing.T) {
	for name, store := range fsStores(t) {
		put(t, store, "d/file", []byte("text"))
		system := tranship.FS(t.Context(), store)
		calls := map[string]func(string) error{
			"Open":     func(name string) error { _, err := system.Open(name); return err },
			"Stat":     func(name string) error { _, err := fs.Stat(system, name); return err },
			"ReadFile": func(name string) error { _, err := fs.ReadFile(system, name); return err },
			"ReadDir":  func(name string) error { _, err := fs.ReadDir(system, name); return err },
		}
		for call, do := range calls {
			for path, want := range map[string][]error{
				"none":      {fs.ErrNotExist, tranship.ErrNotFound},
				"d/none":    {fs.ErrNotExist, tranship.ErrNotFound},
				"../d":      {fs.ErrInvalid},
				"/d":        {fs.ErrInvalid},
				"d/":        {fs.ErrInvalid},
				"":          {fs.ErrInvalid},
				"d/\x01":    {fs.ErrNotExist, tranship.ErrInvalid},
				".tranship": {fs.ErrNotExist, tranship.ErrInvalid},
			} {
				err := do(path)
				failed, ok := errors.AsType[*fs.PathError](err)
				if !ok || failed.Path != path || failed.Op == "" {
					t.Errorf("%s: %s(%q): %v", name, call, path, err)
				}
				for _, target := range want {
					if !errors.Is(err, target) {
						t.Errorf("%s: %s(%q): %v does not match %v", name, call, path, err, target)
					}
				}
			}
		}
		if err := calls["ReadFile"]("d"); err == nil || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: reading a directory: %v", name, err)
		}
		if err := calls["ReadDir"]("d/file"); err == nil || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: listing a file: %v", name, err)
		}
		if _, err := fs.Sub(system, "../d"); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("%s: sub: %v", name, err)
		}
	}
}

// failingReader returns the same error from every method.
type failingReader struct{ err error }

func (r failingReader) Stat(context.Context, string) (tranship.File, error) {
	return tranship.File{}, r.err
}

func (r failingReader) Open(context.Context, string, tranship.OpenOptions) (tranship.Content, error) {
	return nil, r.err
}

func (r failingReader) List(context.Context, tranship.ListOptions) iter.Seq2[tranship.Entry, error] {
	return func(yield func(tranship.Entry, error) bool) { yield(tranship.Entry{}, r.err) }
}

func TestFSTranslatesErrors(t *testing.T) {
	for _, test := range []struct{ err, want error }{
		{tranship.ErrDenied, fs.ErrPermission},
		{tranship.ErrUnauthenticated, fs.ErrPermission},
		{tranship.ErrExists, fs.ErrExist},
		{tranship.ErrUnavailable, tranship.ErrUnavailable},
		{context.Canceled, context.Canceled},
	} {
		system := tranship.FS(t.Context(), failingReader{test.err})
		_, open := system.Open("a")
		_, stat := fs.Stat(system, "a")
		_, read := fs.ReadFile(system, "a")
		_, list := fs.ReadDir(system, "a")
		_, root := system.Open(".")
		for call, err := range map[string]error{"open": open, "stat": stat, "read": read, "list": list, "root": root} {
			if _, ok := errors.AsType[*fs.PathError](err); !ok || !errors.Is(err, test.want) || !errors.Is(err, test.err) {
				t.Errorf("%s: %v is %v", call, test.err, err)
			}
		}
		if errors.Is(test.err, fs.ErrPermission) || errors.Is(test.err, fs.ErrExist) {
			t.Errorf("%v matches an error of package fs outside of a file system", test.err)
		}
	}
}

func TestFSServesHTTP(t *testing.T) {
	store := onServer(t, &mem.Store{})
	fillFS(t, store)
	put(t, store, "site/index.html", []byte("<p>hello"))
	handler := http.FileServer(http.FS(tranship.FS(t.Context(), store)))
	for _, test := range []struct {
		path, asked string
		status      int
		want        []byte
	}{
		{"/z", "", http.StatusOK, ascending(255)},
		{"/a/b/2", "bytes=100-199", http.StatusPartialContent, ascending(2_000)[100:200]},
		{"/site/", "", http.StatusOK, []byte("<p>hello")},
		{"/none", "", http.StatusNotFound, nil},
		{"/a/", "", http.StatusOK, nil},
	} {
		request := httptest.NewRequest(http.MethodGet, test.path, nil)
		if test.asked != "" {
			request.Header.Set("Range", test.asked)
		}
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, request)
		if answer.Code != test.status || test.want != nil && !bytes.Equal(answer.Body.Bytes(), test.want) {
			t.Errorf("%s: status %d, %d bytes", path.Join(test.path), answer.Code, answer.Body.Len())
		}
	}
}

// TestFSContext checks that all calls fail after the context has ended.
func TestFSContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	store := &mem.Store{}
	put(t, store, "a", []byte("text"))
	system := tranship.FS(ctx, store)
	file, err := system.Open("a")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	cancel()
	_, open := system.Open("a")
	_, root := fs.ReadDir(system, ".")
	for call, err := range map[string]error{"read": readErr(file), "open": open, "list": root} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", call, err)
		}
	}
}
