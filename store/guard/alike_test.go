package guard_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	filesrvclient "github.com/tranship/tranship/client/filesrv"
	transferclient "github.com/tranship/tranship/client/filetransfer"
	"github.com/tranship/tranship/internal/testing/loopback"
	"github.com/tranship/tranship/store/disk"
	"github.com/tranship/tranship/store/guard"
	"github.com/tranship/tranship/store/mem"
)

// site is a store served over the network, in which bob may use one directory and list
// another.
type site struct {
	*testing.T
	inner    tranship.Store
	native   *client.Client
	filesrv  [2]*filesrvclient.Client
	transfer *transferclient.Client
}

func newSite(t *testing.T, inner tranship.Store) site {
	t.Helper()
	s := site{T: t, inner: inner}
	for _, path := range []string{"hers/file", "hers/d/file", "seen/file", "mine/file"} {
		put(t, s.inner, path, "1234")
	}
	address := serve(t, guard.New(s.inner, parse(t, "allow bob read,write,delete,list mine\nallow bob list seen\n")))
	conn := loopback.Dial(t, address, loopback.As(bob)...)
	s.native = connect(t, address, bob)
	s.transfer = transferclient.New(conn, transferclient.Options{})
	for i := range s.filesrv {
		s.filesrv[i] = filesrvclient.New(conn, filesrvclient.Options{Revision: i + 1})
	}
	return s
}

// onEach runs a test on each kind of store: all must deny with the same text.
func onEach(t *testing.T, test func(s site)) {
	t.Run("mem", func(t *testing.T) { test(newSite(t, &mem.Store{PartSize: 4})) })
	t.Run("disk", func(t *testing.T) {
		store, err := disk.Open(t.TempDir(), disk.Options{MinPartSize: 1 << 20, Durability: tranship.DurabilityWritten})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := store.Close(); err != nil {
				t.Error(err)
			}
		})
		test(newSite(t, store))
	})
}

// read reads the whole content and closes it. It takes the results of an Open call.
func read(content tranship.Content, err error) error {
	if err != nil {
		return err
	}
	defer content.Close()
	_, err = io.Copy(io.Discard, content)
	return err
}

// upload sends 4 bytes to a path.
func upload(ctx context.Context, begin func(context.Context, tranship.Spec) (tranship.Upload, error), spec tranship.Spec) error {
	u, err := begin(ctx, spec)
	if err != nil {
		return err
	}
	defer u.Abort(context.WithoutCancel(ctx))
	writer, err := u.Part(ctx, 0)
	if err != nil {
		return err
	}
	_, err = writer.Write([]byte("evil"))
	if err = errors.Join(err, writer.Close()); err != nil {
		return err
	}
	_, err = u.Commit(ctx, tranship.Commit{Size: 4})
	return err
}

// needing returns the calls that need a file at a path: every method of every protocol.
func (s site) needing() map[string]func(path string) error {
	ctx := s.Context()
	calls := map[string]func(path string) error{
		"stat": func(path string) error {
			_, err := s.native.Stat(ctx, path)
			return err
		},
		"open": func(path string) error {
			return read(s.native.Open(ctx, path, tranship.OpenOptions{}))
		},
		"open a version at an offset": func(path string) error {
			return read(s.native.Open(ctx, path, tranship.OpenOptions{Version: "v", Offset: 100}))
		},
		"fetch": func(path string) error {
			_, _, err := s.native.Fetch(ctx, path, 4)
			return err
		},
		"set attributes": func(path string) error {
			_, err := s.native.SetAttributes(ctx, path, tranship.Attributes{}, tranship.Precondition{MustMatchVersion: "v"})
			return err
		},
		"remove": func(path string) error {
			return s.native.Remove(ctx, path, tranship.Precondition{})
		},
		"remove a version": func(path string) error {
			return s.native.Remove(ctx, path, tranship.Precondition{MustMatchVersion: "v"})
		},
		"move away": func(path string) error {
			_, err := s.native.Move(ctx, path, "mine/new", tranship.Precondition{})
			return err
		},
		"move onto itself": func(path string) error {
			_, err := s.native.Move(ctx, path, path, tranship.Precondition{})
			return err
		},
		"copy": func(path string) error {
			_, err := s.native.Copy(ctx, path, "mine/new", tranship.Precondition{MustNotExist: true})
			return err
		},
		"copy a part": func(path string) error {
			u, err := s.native.Begin(ctx, tranship.Spec{Path: "mine/new", Size: new(int64(4))})
			if err != nil {
				s.Fatal(err)
			}
			defer u.Abort(context.WithoutCancel(ctx))
			return u.CopyPart(ctx, 0, path, tranship.OpenOptions{})
		},
	}
	for i, c := range s.filesrv {
		calls[fmt.Sprintf("filesrv revision %d", i+1)] = func(path string) error {
			return read(c.Open(ctx, path, tranship.OpenOptions{}))
		}
	}
	return calls
}

// making returns the calls that would create a file at a path.
func (s site) making() map[string]func(path string) error {
	ctx := s.Context()
	return map[string]func(path string) error{
		"put": func(path string) error {
			_, err := s.native.Put(ctx, tranship.Spec{Path: path}, []byte("evil"))
			return err
		},
		"put that must not replace": func(path string) error {
			_, err := s.native.Put(ctx, tranship.Spec{Path: path, Precondition: tranship.Precondition{MustNotExist: true}}, nil)
			return err
		},
		"begin": func(path string) error {
			return upload(ctx, s.native.Begin, tranship.Spec{Path: path})
		},
		"begin a version": func(path string) error {
			return upload(ctx, s.native.Begin, tranship.Spec{Path: path, Size: new(int64(4)), ResumeKey: "k", Precondition: tranship.Precondition{MustMatchVersion: "v"}})
		},
		"move here": func(path string) error {
			_, err := s.native.Move(ctx, "mine/file", path, tranship.Precondition{MustNotExist: true})
			return err
		},
		"copy here": func(path string) error {
			_, err := s.native.Copy(ctx, "mine/file", path, tranship.Precondition{})
			return err
		},
		"filesrv": func(path string) error {
			return upload(ctx, s.filesrv[0].Begin, tranship.Spec{Path: path})
		},
		"filetransfer": func(path string) error {
			return upload(ctx, s.transfer.Begin, tranship.Spec{Path: path})
		},
	}
}

// answer returns all that a client learns from an error, with a placeholder for the path.
func answer(err error, path string) string {
	if s, ok := status.FromError(err); ok && err != nil {
		return strings.ReplaceAll(fmt.Sprint(err, " ", s.Proto()), path, "PATH")
	}
	return strings.ReplaceAll(fmt.Sprint(err), path, "PATH")
}

// state describes all files and uploads of the store.
func (s site) state() string {
	var all []string
	for entry, err := range s.inner.List(s.Context(), tranship.ListOptions{Recursive: true}) {
		all = append(all, fmt.Sprint(describe(entry.File), " ", entry.Version, err))
	}
	for info, err := range s.inner.ListUploads(s.Context(), "") {
		all = append(all, fmt.Sprint(info, err))
	}
	return strings.Join(all, "\n")
}

// A caller who may not list a path cannot tell a denied file from a missing one.
func TestDeniedLooksMissing(t *testing.T) { onEach(t, deniedLooksMissing) }

func deniedLooksMissing(s site) {
	before := s.state()
	needing := s.needing()
	for _, name := range slices.Sorted(maps.Keys(needing)) {
		call := needing[name]
		missing := answer(call("mine/none"), "mine/none")
		if !strings.Contains(missing, "not found") && !strings.Contains(missing, "Invalid filepath") {
			s.Errorf("%s of a missing file: %s", name, missing)
		}
		for _, path := range []string{"hers/file", "hers/d/file", "hers", "hers/none", "hers/file/below", "none", "seen/none"} {
			if got := answer(call(path), path); got != missing {
				s.Errorf("%s of %s: %s\nmissing: %s", name, path, got, missing)
			}
		}
		// A caller who may list the path learns that the call is denied.
		if err := call("seen/file"); !errors.Is(err, tranship.ErrDenied) {
			s.Errorf("%s of a file that can be listed: %v", name, err)
		}
		for _, path := range []string{"../mine/file", "mine//file", "mine/../hers/file", "/mine/file", ".tranship/x"} {
			if err := call(path); err == nil || errors.Is(err, tranship.ErrDenied) {
				s.Errorf("%s of %s: %v", name, path, err)
			}
		}
	}
	if after := s.state(); after != before {
		s.Errorf("the store has\n%s, had\n%s", after, before)
	}
}

// A call that would create a file is denied in the same way whether or not the file exists.
func TestDeniedMaking(t *testing.T) { onEach(t, deniedMaking) }

func deniedMaking(s site) {
	before := s.state()
	making := s.making()
	for _, name := range slices.Sorted(maps.Keys(making)) {
		call := making[name]
		missing := call("none")
		if !errors.Is(missing, tranship.ErrDenied) || !strings.Contains(missing.Error(), "bob may not write none") {
			s.Errorf("%s: %v", name, missing)
		}
		for _, path := range []string{"hers/file", "hers", "hers/none", "hers/file/below", "seen/file", "seen", "seen/none"} {
			if got, want := answer(call(path), path), answer(missing, "none"); got != want {
				s.Errorf("%s of %s: %s\nmissing: %s", name, path, got, want)
			}
		}
	}
	if after := s.state(); after != before {
		s.Errorf("the store has\n%s, had\n%s", after, before)
	}
}

// No options make a list return files that the caller may not list.
func TestDeniedLists(t *testing.T) { onEach(t, deniedLists) }

func deniedLists(s site) {
	keys := func(options tranship.ListOptions) string {
		s.Helper()
		var all []string
		for entry, err := range s.native.List(s.Context(), options) {
			if err != nil {
				s.Fatal(err)
			}
			all = append(all, entry.Key())
			if entry.Path == "seen/file" && (entry.CRC32C != nil || entry.Metadata != nil || entry.Size != 4) {
				s.Errorf("a caller who may not read gets %+v", entry)
			}
		}
		return strings.Join(all, " ")
	}
	for _, test := range []struct {
		options tranship.ListOptions
		want    string
	}{
		{tranship.ListOptions{}, "mine/ seen/"},
		{tranship.ListOptions{Recursive: true}, "mine/file seen/file"},
		{tranship.ListOptions{StartAfter: "mine/"}, "seen/"},
		{tranship.ListOptions{StartAfter: "hers/", Recursive: true}, "mine/file seen/file"},
		{tranship.ListOptions{StartAfter: "mine/a", Recursive: true}, "mine/file seen/file"},
		{tranship.ListOptions{StartAfter: "mine/file", Recursive: true}, "seen/file"},
		{tranship.ListOptions{Directory: "hers"}, ""},
		{tranship.ListOptions{Directory: "hers/d", Recursive: true}, ""},
		{tranship.ListOptions{Directory: "hers/file"}, ""},
		{tranship.ListOptions{Directory: "none"}, ""},
		{tranship.ListOptions{Directory: "seen"}, "seen/file"},
	} {
		if got := keys(test.options); got != test.want {
			s.Errorf("%+v: %s, want %s", test.options, got, test.want)
		}
	}
}
