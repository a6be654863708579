package filesrv_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	filesrvv1 "github.com/tranship/tranship/proto/filesrv/v1"
	filesrvv2 "github.com/tranship/tranship/proto/filesrv/v2"
	"github.com/tranship/tranship/server/internal/filesrv"
	"github.com/tranship/tranship/store/mem"
)

const revisionKey = "tranship-filesrv-revision"

func ask(t *testing.T, revisions ...string) context.Context {
	return metadata.NewOutgoingContext(t.Context(), metadata.MD{revisionKey: revisions})
}

// file is one of a download in revision 2.
type file struct{ filename, extension, content string }

// downloadAll downloads in revision 2, and returns what the server answered in its
// metadata.
func downloadAll(ctx context.Context, t *testing.T, client filesrvv1.FileSrvClient, name string) (files []file, answer []string, err error) {
	t.Helper()
	stream, err := client.DownloadFile(ctx, &filesrvv1.FileHeader{Filename: name})
	if err != nil {
		t.Fatal(err)
	}
	for {
		var response filesrvv2.FileResponse
		if err := stream.RecvMsg(&response); err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			header, _ := stream.Header()
			return files, header.Get(revisionKey), err
		}
		switch data := response.GetData().(type) {
		case *filesrvv2.FileResponse_Header:
			files = append(files, file{data.Header.GetFilename(), data.Header.GetExtension(), ""})
		case *filesrvv2.FileResponse_ChunkData:
			files[len(files)-1].content += string(data.ChunkData)
		default:
			t.Fatal("a response is empty")
		}
	}
}

func TestRevisionAgreement(t *testing.T) {
	store := new(mem.Store)
	fill(t, store, "a.txt")
	for _, test := range []struct {
		name     string
		revision int
		asked    []string
		want     int
		answer   []string
		code     codes.Code
	}{
		{name: "default", want: 1},
		{name: "asked for 2", asked: []string{"2"}, want: 2, answer: []string{"2"}},
		{name: "asked for 1", asked: []string{"1"}, want: 1, answer: []string{"1"}},
		{name: "server of 2", revision: 2, want: 2, answer: []string{"2"}},
		{name: "server of 2 asked for 1", revision: 2, asked: []string{"1"}, want: 1, answer: []string{"1"}},
		{name: "unknown", asked: []string{"3"}, code: codes.InvalidArgument},
		{name: "no number", asked: []string{"two"}, code: codes.InvalidArgument},
		{name: "contradiction", asked: []string{"1", "2"}, code: codes.InvalidArgument},
	} {
		t.Run(test.name, func(t *testing.T) {
			client := serve(t, store, filesrv.Options{Revision: test.revision})
			var answer []string
			var err error
			if test.want == 2 {
				var files []file
				files, answer, err = downloadAll(ask(t, test.asked...), t, client, "a.txt")
				if want := []file{{"a", ".txt", "a.txt"}}; !slices.Equal(files, want) {
					t.Errorf("files are %v", files)
				}
			} else {
				stream, openErr := client.DownloadFile(ask(t, test.asked...), &filesrvv1.FileHeader{Filename: "a", Extension: ".txt"})
				if openErr != nil {
					t.Fatal(openErr)
				}
				var response *filesrvv1.FileResponse
				response, err = stream.Recv()
				if err == nil && string(response.GetChunkData()) != "a.txt" {
					t.Errorf("got %q", response.GetChunkData())
				}
				header, _ := stream.Header()
				answer = header.Get(revisionKey)
			}
			if status.Code(err) != test.code {
				t.Errorf("error is %v, want %v", err, test.code)
			}
			if !slices.Equal(answer, test.answer) {
				t.Errorf("answer is %q, want %q", answer, test.answer)
			}
		})
	}
}

func TestRevision2Names(t *testing.T) {
	store := new(mem.Store)
	fill(t, store, "a.txt", "b.txt", "c.bin", "*.lit", "x.lit", "d/a.txt", "d/e/b.txt", "d/e/c.bin", "d-/a.txt", "f/e/b.txt", "[d]/one", "grüße/ä.txt")
	put(t, store, "d/empty", "")
	client := serve(t, store, filesrv.Options{})
	for _, test := range []struct {
		name string
		want []string
	}{
		{name: "a.txt", want: []string{"a.txt"}},
		{name: "d", want: []string{"d/a.txt", "d/e/b.txt", "d/e/c.bin", "d/empty"}},
		{name: "d/e", want: []string{"d/e/b.txt", "d/e/c.bin"}},
		{name: "*.txt", want: []string{"a.txt", "b.txt"}},
		{name: "*.lit", want: []string{"*.lit"}},
		{name: `\*.lit`, want: []string{"*.lit"}},
		{name: "?.lit", want: []string{"*.lit", "x.lit"}},
		{name: "[d]", want: []string{"[d]/one"}},
		{name: "[ab].txt", want: []string{"a.txt", "b.txt"}},
		{name: "[^a].txt", want: []string{"b.txt"}},
		{name: "d/*", want: []string{"d/a.txt", "d/empty"}},
		{name: "*/a.txt", want: []string{"d-/a.txt", "d/a.txt"}},
		{name: "*/e/*.txt", want: []string{"d/e/b.txt", "f/e/b.txt"}},
		{name: "*/*", want: []string{"[d]/one", "d-/a.txt", "d/a.txt", "d/empty", "grüße/ä.txt"}},
		{name: "gr??e/?.txt", want: []string{"grüße/ä.txt"}},
		// A class does not match a '/' either.
		{name: "d[^x]a.txt"},
		{name: "d[/]a.txt"},
		{name: "d*a.txt"},
		{name: "["},
		{name: "a.txt/*"},
		{name: "none"},
	} {
		t.Run(test.name, func(t *testing.T) {
			files, _, err := downloadAll(ask(t, "2"), t, client, test.name)
			var got []string
			for _, file := range files {
				path := file.filename + file.extension
				got = append(got, path)
				if file.content != path && path != "d/empty" {
					t.Errorf("%s has content %q", path, file.content)
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("files are %q, want %q", got, test.want)
			}
			s := status.Convert(err)
			if test.want != nil && err != nil || test.want == nil && s.Message() != "Invalid filepath: "+test.name {
				t.Errorf("error is %v", err)
			}
		})
	}
}

func TestBadDownloadNames(t *testing.T) {
	store := new(mem.Store)
	fill(t, store, "a.txt")
	client := serve(t, store, filesrv.Options{})
	for _, revision := range []string{"1", "2"} {
		for _, name := range []string{"", "..", "../a.txt", "/a.txt", "/*", "../*", "./a.txt", "a.txt/", ".tranship/x", ".TRANSHIP", "a\x00", strings.Repeat("*/", 600) + "*"} {
			_, _, err := downloadAll(ask(t, revision), t, client, name)
			if s := status.Convert(err); s.Code() != codes.InvalidArgument || strings.HasPrefix(s.Message(), "Invalid filepath") {
				t.Errorf("revision %s, %q: %v", revision, name, err)
			}
		}
	}
}
