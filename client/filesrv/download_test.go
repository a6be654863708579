package filesrv_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client/filesrv"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

var revision2 = []string{"tranship-filesrv-revision", "2"}

func TestOpen(t *testing.T) {
	invalidPath := status.Error(codes.InvalidArgument, "Invalid filepath: d/a.txt")
	for _, test := range []struct {
		name    string
		server  foreign
		options filesrv.Options
		want    string
		openErr error
		readErr error
	}{
		{name: "chunks", server: foreign{messages: []any{chunkV1("ab"), chunkV1(""), chunkV1("c")}}, want: "abc"},
		{name: "empty file", server: foreign{messages: []any{chunkV1("")}}},
		{name: "missing", server: foreign{err: invalidPath}, openErr: tranship.ErrNotFound},
		{name: "no answer", openErr: tranship.ErrNotFound},
		{name: "no answer allowed", options: filesrv.Options{AllowEmpty: true}},
		{name: "missing with no answer allowed", server: foreign{err: invalidPath}, options: filesrv.Options{AllowEmpty: true}, openErr: tranship.ErrNotFound},
		{name: "other argument", server: foreign{err: status.Error(codes.InvalidArgument, "what?")}, openErr: tranship.ErrInvalid},
		{name: "not implemented", server: foreign{err: status.Error(codes.Unimplemented, "")}, openErr: tranship.ErrUnsupported},
		{name: "broken off", server: foreign{messages: []any{chunkV1("ab")}, err: status.Error(codes.Unavailable, "")}, want: "ab", readErr: tranship.ErrUnavailable},
		{name: "revision 2", server: foreign{header: revision2, messages: []any{headerV2("d/a", ".txt"), chunkV2("ab"), chunkV2("c")}}, want: "abc"},
		{name: "revision 2, empty file", server: foreign{header: revision2, messages: []any{headerV2("d/a", ".txt")}}},
		{name: "revision 2 by option", server: foreign{messages: []any{headerV2("d/a", ".txt"), chunkV2("ab")}}, options: filesrv.Options{Revision: 2}, want: "ab"},
		{name: "revision 1 against the option", server: foreign{header: []string{"tranship-filesrv-revision", "1"}, messages: []any{chunkV1("ab")}}, options: filesrv.Options{Revision: 2}, want: "ab"},
		{name: "revision 2, no answer", server: foreign{header: revision2}, openErr: tranship.ErrNotFound},
		{name: "revision 2, chunk first", server: foreign{header: revision2, messages: []any{chunkV2("ab")}}, openErr: tranship.ErrIntegrity},
		{name: "revision 2, hostile name", server: foreign{header: revision2, messages: []any{headerV2("../a", ".txt")}}, openErr: tranship.ErrIntegrity},
		{name: "revision 2, two files", server: foreign{header: revision2, messages: []any{headerV2("a", ""), chunkV2("ab"), headerV2("b", "")}}, want: "ab", readErr: tranship.ErrInvalid},
	} {
		t.Run(test.name, func(t *testing.T) {
			content, err := dialForeign(t, &test.server, test.options).Open(t.Context(), "d/a.txt", tranship.OpenOptions{})
			if !errors.Is(err, test.openErr) {
				t.Fatalf("error is %v, want %v", err, test.openErr)
			}
			if err != nil {
				return
			}
			defer content.Close()
			if file := content.File(); file.Path != "d/a.txt" || file.Size != -1 {
				t.Errorf("file is %+v", file)
			}
			data, err := io.ReadAll(content)
			if string(data) != test.want || !errors.Is(err, test.readErr) {
				t.Errorf("read %q, %v; want %q, %v", data, err, test.want, test.readErr)
			}
		})
	}
}

func TestOpenOptions(t *testing.T) {
	client := dialForeign(t, &foreign{messages: []any{chunkV1("ab")}}, filesrv.Options{})
	for _, options := range []tranship.OpenOptions{{Version: "1"}, {Offset: 1}, {Length: new(int64(1))}} {
		if _, err := client.Open(t.Context(), "a.txt", options); !errors.Is(err, tranship.ErrUnsupported) {
			t.Errorf("%+v: %v", options, err)
		}
	}
}

func TestReadingEnds(t *testing.T) {
	for _, name := range []string{"cancelled", "closed"} {
		t.Run(name, func(t *testing.T) {
			f := &foreign{messages: []any{chunkV1("ab")}, stall: make(chan struct{})}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			content, err := dialForeign(t, f, filesrv.Options{}).Open(ctx, "a.txt", tranship.OpenOptions{})
			if err != nil {
				t.Fatal(err)
			}
			want := tranship.ErrInvalid
			if name == "cancelled" {
				want = context.Canceled
				cancel()
			} else if err := content.Close(); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadAll(content); !errors.Is(err, want) {
				t.Errorf("error is %v", err)
			}
		})
	}
}

// received returns what a Download yields: the paths, each with its content unless skip.
func received(ctx context.Context, client *filesrv.Client, name string, skip bool) (files []string, err error) {
	for content, err := range client.Download(ctx, name) {
		if err != nil {
			return files, err
		}
		if skip {
			files = append(files, content.File().Path)
			continue
		}
		data, err := io.ReadAll(content)
		if err != nil {
			return files, err
		}
		files = append(files, content.File().Path+"="+string(data))
	}
	return files, nil
}

func TestDownload(t *testing.T) {
	many := foreign{header: revision2, messages: []any{
		headerV2("d/a", ".txt"), chunkV2("1"), chunkV2("2"), headerV2("d/empty", ""), headerV2("", ".rc"), chunkV2("3"),
	}}
	for _, test := range []struct {
		name    string
		server  foreign
		options filesrv.Options
		skip    bool
		want    []string
		err     error
	}{
		{name: "files", server: many, want: []string{"d/a.txt=12", "d/empty=", ".rc=3"}},
		{name: "skipped", server: many, skip: true, want: []string{"d/a.txt", "d/empty", ".rc"}},
		{name: "revision 1", server: foreign{messages: []any{chunkV1("ab"), chunkV1("c")}}, want: []string{"d/*=abc"}},
		{name: "revision 1, missing", err: tranship.ErrNotFound},
		{name: "missing", server: foreign{header: revision2, err: status.Error(codes.InvalidArgument, "Invalid filepath: d/*")}, err: tranship.ErrNotFound},
		{name: "no answer", server: foreign{header: revision2}, err: tranship.ErrNotFound},
		{name: "no answer allowed", server: foreign{header: revision2}, options: filesrv.Options{AllowEmpty: true}, err: tranship.ErrNotFound},
		{name: "parent", server: foreign{header: revision2, messages: []any{headerV2("a", ""), chunkV2("1"), headerV2("../b", "")}}, want: []string{"a=1"}, err: tranship.ErrIntegrity},
		{name: "absolute", server: foreign{header: revision2, messages: []any{headerV2("/b", "")}}, err: tranship.ErrIntegrity},
		{name: "reserved", server: foreign{header: revision2, messages: []any{headerV2(".tranship/", "b")}}, err: tranship.ErrIntegrity},
		{name: "no name", server: foreign{header: revision2, messages: []any{headerV2("", "")}}, err: tranship.ErrIntegrity},
		{name: "endless name", server: foreign{header: revision2, messages: []any{headerV2(strings.Repeat("a/", 1<<20), "b")}}, err: tranship.ErrIntegrity},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := received(t.Context(), dialForeign(t, &test.server, test.options), "d/*", test.skip)
			if !slices.Equal(got, test.want) || !errors.Is(err, test.err) {
				t.Errorf("got %q, %v; want %q, %v", got, err, test.want, test.err)
			}
			if err != nil && len(err.Error()) > 500 {
				t.Errorf("the error has %d bytes", len(err.Error()))
			}
			if asked := test.server.asked.Get(revision2[0]); !slices.Equal(asked, revision2[1:]) {
				t.Errorf("asked for revision %q", asked)
			}
		})
	}
}

func TestDownloadStopped(t *testing.T) {
	f := &foreign{header: revision2, messages: []any{headerV2("a", ""), headerV2("b", "")}, stall: make(chan struct{})}
	var first tranship.Content
	for content, err := range dialForeign(t, f, filesrv.Options{}).Download(t.Context(), "*") {
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = content
			continue
		}
		break
	}
	if _, err := first.Read(make([]byte, 1)); !errors.Is(err, tranship.ErrInvalid) {
		t.Errorf("a content can be read after the loop: %v", err)
	}
}

func TestDownloadFromOwn(t *testing.T) {
	store := new(mem.Store)
	for _, path := range []string{"d/a.txt", "d/e/b.txt", "d/e/c", "f.txt"} {
		if _, err := store.Put(t.Context(), tranship.Spec{Path: path}, []byte(path)); err != nil {
			t.Fatal(err)
		}
	}
	client := dialOwn(t, store, server.Filesrv{})
	for name, want := range map[string][]string{
		"f.txt": {"f.txt=f.txt"},
		"d":     {"d/a.txt=d/a.txt", "d/e/b.txt=d/e/b.txt", "d/e/c=d/e/c"},
		"d/*/*": {"d/e/b.txt=d/e/b.txt", "d/e/c=d/e/c"},
	} {
		if got, err := received(t.Context(), client, name, false); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s is %q, %v", name, got, err)
		}
	}
	if _, err := received(t.Context(), client, "none*", false); !errors.Is(err, tranship.ErrNotFound) {
		t.Errorf("error is %v", err)
	}
}
