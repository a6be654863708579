package client_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/loopback"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// hostile is a server that sends the messages of each test.
type hostile struct {
	transhipv1.UnimplementedFileServiceServer
	file      *transhipv1.File
	entries   []*transhipv1.Entry
	skipped   []*transhipv1.Skipped
	end       *transhipv1.ListEnd
	silent    bool
	downloads []*transhipv1.DownloadResponse
	uploads   []*transhipv1.UploadResponse
}

func (h *hostile) Stat(context.Context, *transhipv1.StatRequest) (*transhipv1.StatResponse, error) {
	return &transhipv1.StatResponse{File: h.file}, nil
}

func (h *hostile) GetServerInfo(context.Context, *transhipv1.GetServerInfoRequest) (*transhipv1.GetServerInfoResponse, error) {
	return &transhipv1.GetServerInfoResponse{}, nil
}

func (h *hostile) List(_ *transhipv1.ListRequest, stream grpc.ServerStreamingServer[transhipv1.ListResponse]) error {
	if h.silent {
		<-stream.Context().Done()
		return nil
	}
	return stream.Send(&transhipv1.ListResponse{Entries: h.entries, Skipped: h.skipped, End: h.end})
}

func (h *hostile) Download(stream grpc.BidiStreamingServer[transhipv1.DownloadRequest, transhipv1.DownloadResponse]) error {
	if _, err := stream.Recv(); err != nil {
		return err
	}
	for _, response := range h.downloads {
		if err := stream.Send(response); err != nil {
			return err
		}
	}
	return nil
}

func (h *hostile) Upload(stream grpc.BidiStreamingServer[transhipv1.UploadRequest, transhipv1.UploadResponse]) error {
	if _, err := stream.Recv(); err != nil {
		return err
	}
	for _, response := range h.uploads {
		if err := stream.Send(response); err != nil {
			return err
		}
	}
	return nil
}

func (h *hostile) connect(t *testing.T) *client.Client {
	t.Helper()
	address := loopback.Serve(t, func(registrar grpc.ServiceRegistrar) { transhipv1.RegisterFileServiceServer(registrar, h) })
	connected := client.New(loopback.Dial(t, address))
	t.Cleanup(func() { connected.Close() })
	return connected
}

func TestHostileNames(t *testing.T) {
	for _, path := range []string{"../x", "/etc/passwd", "", ".tranship/x", "a//b", "a\x00"} {
		file := &transhipv1.File{Path: path}
		server := &hostile{file: file, entries: []*transhipv1.Entry{{Entry: &transhipv1.Entry_File{File: file}}}}
		files := server.connect(t)
		if _, err := files.Stat(t.Context(), "file"); !errors.Is(err, tranship.ErrIntegrity) {
			t.Errorf("Stat that answers %q: %v, want ErrIntegrity", path, err)
		}
		for _, err := range files.List(t.Context(), tranship.ListOptions{}) {
			if !errors.Is(err, tranship.ErrIntegrity) {
				t.Errorf("List of %q: %v, want ErrIntegrity", path, err)
			}
		}
	}
	for name, entry := range map[string]*transhipv1.Entry{
		"directory": {Entry: &transhipv1.Entry_Directory{Directory: "../x"}},
		"neither":   {},
	} {
		files := (&hostile{entries: []*transhipv1.Entry{entry}}).connect(t)
		for _, err := range files.List(t.Context(), tranship.ListOptions{}) {
			if !errors.Is(err, tranship.ErrIntegrity) {
				t.Errorf("List of a bad entry, %s: %v, want ErrIntegrity", name, err)
			}
		}
	}
}

// TestHostileLists sends lists that do not match their end, or have none.
func TestHostileLists(t *testing.T) {
	entry := func(path string) *transhipv1.Entry {
		return &transhipv1.Entry{Entry: &transhipv1.Entry_File{File: &transhipv1.File{Path: path}}}
	}
	two := []*transhipv1.Entry{entry("a"), entry("b")}
	end := &transhipv1.ListEnd{EntryCount: 2, Crc32C: tranship.CRC32C([]byte("a\x00b\x00"))}
	for name, test := range map[string]struct {
		entries []*transhipv1.Entry
		end     *transhipv1.ListEnd
		want    error
	}{
		"good":          {two, end, nil},
		"no end":        {two, nil, tranship.ErrIntegrity},
		"shorter":       {two[:1], end, tranship.ErrIntegrity},
		"empty":         {nil, end, tranship.ErrIntegrity},
		"another path":  {[]*transhipv1.Entry{entry("a"), entry("c")}, end, tranship.ErrIntegrity},
		"another count": {two, &transhipv1.ListEnd{EntryCount: 3, Crc32C: end.GetCrc32C()}, tranship.ErrIntegrity},
	} {
		files := (&hostile{entries: test.entries, end: test.end}).connect(t)
		var got error
		for _, err := range files.List(t.Context(), tranship.ListOptions{}) {
			got = err
		}
		if !errors.Is(got, test.want) {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

// TestSilentList checks that a list ends if the server stops sending.
func TestSilentList(t *testing.T) {
	server := &hostile{silent: true}
	address := loopback.Serve(t, func(registrar grpc.ServiceRegistrar) { transhipv1.RegisterFileServiceServer(registrar, server) })
	files, err := client.Dial(t.Context(), address, client.Options{StallTimeout: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer files.Close()
	var got error
	for _, err := range files.List(t.Context(), tranship.ListOptions{}) {
		got = err
	}
	if !errors.Is(got, tranship.ErrUnavailable) || errors.Is(got, context.Canceled) {
		t.Errorf("a list that stalls: %v, want ErrUnavailable", got)
	}
}

func opened(path string, size int64, crc *uint32) *transhipv1.DownloadResponse {
	return &transhipv1.DownloadResponse{Response: &transhipv1.DownloadResponse_Opened{
		Opened: &transhipv1.Opened{Slot: 1, File: &transhipv1.File{Path: path, Size: size, Crc32C: crc}},
	}}
}

func sent(offset int64, data string, crc *uint32) *transhipv1.DownloadResponse {
	return &transhipv1.DownloadResponse{Response: &transhipv1.DownloadResponse_Chunk{
		Chunk: &transhipv1.Chunk{Slot: 1, Offset: &offset, Data: []byte(data), Crc32C: crc},
	}}
}

func done(crc uint32) *transhipv1.DownloadResponse {
	return &transhipv1.DownloadResponse{Response: &transhipv1.DownloadResponse_Done{Done: &transhipv1.Done{Slot: 1, Crc32C: crc}}}
}

// TestHostileDownloads checks that a client never returns wrong content without an error.
func TestHostileDownloads(t *testing.T) {
	crc := tranship.CRC32C([]byte("data"))
	wrong := crc + 1
	for _, test := range []struct {
		name      string
		downloads []*transhipv1.DownloadResponse
		want      error
	}{
		{"good", []*transhipv1.DownloadResponse{opened("file", 4, &crc), sent(0, "da", nil), sent(2, "ta", nil), done(crc)}, nil},
		{"unknown reply", []*transhipv1.DownloadResponse{opened("file", 4, &crc), {}, sent(0, "data", nil), done(crc)}, nil},
		{"nothing", nil, tranship.ErrUnavailable},
		{"chunk first", []*transhipv1.DownloadResponse{sent(0, "data", nil)}, tranship.ErrIntegrity},
		{"another file", []*transhipv1.DownloadResponse{opened("other", 4, nil)}, tranship.ErrIntegrity},
		{"bad path", []*transhipv1.DownloadResponse{opened("../file", 4, nil)}, tranship.ErrIntegrity},
		{"negative size", []*transhipv1.DownloadResponse{opened("file", -4, nil)}, tranship.ErrIntegrity},
		{"no end", []*transhipv1.DownloadResponse{opened("file", 4, nil), sent(0, "data", nil)}, tranship.ErrUnavailable},
		{"too little", []*transhipv1.DownloadResponse{opened("file", 4, nil), sent(0, "dat", nil), done(tranship.CRC32C([]byte("dat")))}, tranship.ErrIntegrity},
		{"too much", []*transhipv1.DownloadResponse{opened("file", 3, nil), sent(0, "data", nil), done(crc)}, tranship.ErrIntegrity},
		{"gap", []*transhipv1.DownloadResponse{opened("file", 4, nil), sent(0, "da", nil), sent(3, "a", nil), done(crc)}, tranship.ErrIntegrity},
		{"damaged chunk", []*transhipv1.DownloadResponse{opened("file", 4, nil), sent(0, "data", &wrong), done(crc)}, tranship.ErrIntegrity},
		{"wrong sum", []*transhipv1.DownloadResponse{opened("file", 4, nil), sent(0, "data", nil), done(wrong)}, tranship.ErrIntegrity},
		{"not the file's sum", []*transhipv1.DownloadResponse{opened("file", 4, &wrong), sent(0, "data", nil), done(crc)}, tranship.ErrIntegrity},
		{"failure without a status", []*transhipv1.DownloadResponse{{Response: &transhipv1.DownloadResponse_Failed{Failed: &transhipv1.Failed{Slot: 1}}}}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			files := (&hostile{downloads: test.downloads}).connect(t)
			for how, read := range map[string]func(*testing.T, *client.Client) (string, error){"open": read, "fetch": fetch} {
				data, err := read(t, files)
				switch {
				case test.name == "failure without a status":
					if err == nil {
						t.Errorf("%s: no error for a failed download", how)
					}
				case !errors.Is(err, test.want) || (err == nil) != (test.want == nil):
					t.Errorf("%s: got %v, want %v", how, err, test.want)
				case err == nil && data != "data":
					t.Errorf("%s: got %q", how, data)
				}
			}
		})
	}
}

func fetch(t *testing.T, files *client.Client) (string, error) {
	t.Helper()
	_, data, err := files.Fetch(t.Context(), "file", 4)
	return string(data), err
}

func read(t *testing.T, files *client.Client) (string, error) {
	t.Helper()
	content, err := files.Open(t.Context(), "file", tranship.OpenOptions{})
	if err != nil {
		return "", err
	}
	defer content.Close()
	data, err := io.ReadAll(content)
	return string(data), err
}

// TestHostileUploads sends replies to an upload and a put that make no sense.
func TestHostileUploads(t *testing.T) {
	begun := func(b *transhipv1.Begun) *transhipv1.UploadResponse {
		return &transhipv1.UploadResponse{Response: &transhipv1.UploadResponse_Begun{Begun: b}}
	}
	finished := &transhipv1.UploadResponse{Response: &transhipv1.UploadResponse_Finished{Finished: &transhipv1.Finished{Slot: 1}}}
	for name, uploads := range map[string][]*transhipv1.UploadResponse{
		"end of stream":       nil,
		"no part size":        {begun(&transhipv1.Begun{Slot: 1})},
		"negative part size":  {begun(&transhipv1.Begun{Slot: 1, PartSize: -1})},
		"another slot":        {begun(&transhipv1.Begun{Slot: 2, PartSize: 1}), {}},
		"finished too early":  {finished},
		"finished many times": {finished, finished, finished},
	} {
		files := (&hostile{uploads: uploads}).connect(t)
		if _, err := files.Begin(t.Context(), tranship.Spec{Path: "file"}); err == nil {
			t.Errorf("%s: Begin succeeded", name)
		}
		if _, err := files.Put(t.Context(), tranship.Spec{Path: "file"}, nil); err == nil {
			t.Errorf("%s: Put succeeded without a file", name)
		}
	}
}
