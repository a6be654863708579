//go:build linux

package attack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship/internal/testing/program"
	"github.com/tranship/tranship/internal/testing/raced"
	v1 "github.com/tranship/tranship/proto/tranship/v1"
)

// clientMemory is the limit of a client's peak memory in KiB, whatever a server sends.
// The largest peak observed in this test is 112 MiB.
const clientMemory = 192 << 10

// hostileServer is a server that sends what the test defines.
type hostileServer struct {
	v1.UnimplementedFileServiceServer
	list     func(*v1.ListRequest, grpc.ServerStreamingServer[v1.ListResponse]) error
	uploads  func(grpc.ServerStreamingServer[v1.ListUploadsResponse]) error
	download func(*v1.Open) *v1.DownloadResponse
	upload   func(*v1.UploadRequest) *v1.UploadResponse
	// header comes with the first three answers of Stat. The client cannot distinguish
	// them from a broken connection, and would otherwise retry for half a minute.
	header metadata.MD
	stats  atomic.Int32
}

func (h *hostileServer) GetServerInfo(context.Context, *v1.GetServerInfoRequest) (*v1.GetServerInfoResponse, error) {
	return &v1.GetServerInfoResponse{}, nil
}

func (h *hostileServer) Stat(ctx context.Context, _ *v1.StatRequest) (*v1.StatResponse, error) {
	if h.stats.Add(1) <= 3 {
		return nil, errors.Join(grpc.SetHeader(ctx, h.header), status.Error(codes.NotFound, "none"))
	}
	return nil, status.Error(codes.NotFound, "not found: f")
}

func (h *hostileServer) List(request *v1.ListRequest, stream grpc.ServerStreamingServer[v1.ListResponse]) error {
	if h.list == nil {
		return stream.Send(&v1.ListResponse{End: &v1.ListEnd{}})
	}
	return h.list(request, stream)
}

func (h *hostileServer) ListUploads(_ *v1.ListUploadsRequest, stream grpc.ServerStreamingServer[v1.ListUploadsResponse]) error {
	if h.uploads == nil {
		return nil
	}
	return h.uploads(stream)
}

func (h *hostileServer) Download(stream grpc.BidiStreamingServer[v1.DownloadRequest, v1.DownloadResponse]) error {
	for {
		request, err := stream.Recv()
		if err != nil {
			return ended(err)
		}
		if open := request.GetOpen(); open != nil && h.download != nil {
			if err := stream.Send(h.download(open)); err != nil {
				return err
			}
		}
	}
}

func (h *hostileServer) Upload(stream grpc.BidiStreamingServer[v1.UploadRequest, v1.UploadResponse]) error {
	for {
		request, err := stream.Recv()
		if err != nil {
			return ended(err)
		}
		if answer := h.upload(request); answer != nil {
			if err := stream.Send(answer); err != nil {
				return err
			}
		}
	}
}

func ended(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// serve starts the server and returns its URL.
func (h *hostileServer) serve(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(grpc.MaxSendMsgSize(64 << 20))
	v1.RegisterFileServiceServer(server, h)
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return "grpc://" + listener.Addr().String() + "/"
}

// hostileEntry returns the n-th file of a directory.
func hostileEntry(directory string, n int, metadata map[string]string) *v1.Entry {
	path := fmt.Sprintf("%s/%09d%s", directory, n, strings.Repeat("x", 240))
	return &v1.Entry{Entry: &v1.Entry_File{File: &v1.File{Path: path, Size: 1, Version: strings.Repeat("v", 128), Metadata: metadata}}}
}

func failedSlot(slot uint64, message string) *v1.Failed {
	return &v1.Failed{Slot: slot, Status: &v1.Status{Code: int32(codes.PermissionDenied), Message: message}}
}

// TestHostileServerMemory runs the program against servers that try to make it use
// unlimited memory, and checks its peak.
func TestHostileServerMemory(t *testing.T) {
	huge := strings.Repeat("x", 3_900_000)
	tree := t.TempDir()
	for n := range raced.Times(600) {
		if err := os.WriteFile(filepath.Join(tree, fmt.Sprint(n)), []byte("data"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	large := filepath.Join(t.TempDir(), "large")
	if err := os.WriteFile(large, make([]byte, 8<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	entries := func(count, page int, metadata map[string]string) func(*v1.ListRequest, grpc.ServerStreamingServer[v1.ListResponse]) error {
		return func(request *v1.ListRequest, stream grpc.ServerStreamingServer[v1.ListResponse]) error {
			for n := 0; n < count; {
				response := &v1.ListResponse{}
				for range page {
					response.Entries = append(response.Entries, hostileEntry(request.GetDirectory(), n, metadata))
					n++
				}
				if err := stream.Send(response); err != nil {
					return err
				}
			}
			return status.Error(codes.PermissionDenied, "enough")
		}
	}
	for _, test := range []struct {
		name   string
		server *hostileServer
		args   []string
		// says is a part of the client's output.
		says string
	}{
		{"metadata", &hostileServer{list: entries(300, 1, map[string]string{"k": huge})}, []string{"cp", "-r", "SERVERd", "DIR"}, "the server sent metadata"},
		{"metadata in ls", &hostileServer{list: entries(300, 1, map[string]string{"k": huge})}, []string{"ls", "-r", "SERVERd"}, "the server sent metadata"},
		{"a list without end", &hostileServer{
			list: entries(raced.Times(100_000), 200, map[string]string{"k": huge[:2000]}),
			download: func(open *v1.Open) *v1.DownloadResponse {
				return &v1.DownloadResponse{Response: &v1.DownloadResponse_Failed{Failed: failedSlot(open.GetSlot(), "no")}}
			},
		}, []string{"cp", "-r", "SERVERd", "DIR"}, ": no"},
		{"millions of empty entries", &hostileServer{list: func(_ *v1.ListRequest, stream grpc.ServerStreamingServer[v1.ListResponse]) error {
			empty := make([]*v1.Entry, 2_000_000)
			for n := range empty {
				empty[n] = &v1.Entry{}
			}
			return stream.Send(&v1.ListResponse{Entries: empty})
		}}, []string{"ls", "SERVERd"}, "too many fields"},
		{"headers", &hostileServer{header: metadata.Pairs("k", huge, "l", huge, "m", huge)}, []string{"stat", "SERVERf"}, "not found"},
		{"errors of many files", &hostileServer{
			upload: func(request *v1.UploadRequest) *v1.UploadResponse {
				return &v1.UploadResponse{Response: &v1.UploadResponse_Failed{Failed: failedSlot(request.GetPut().GetSlot(), huge)}}
			},
		}, []string{"cp", "-r", tree, "SERVER"}, "xxx"},
		{"answers to many files", &hostileServer{
			upload: func(request *v1.UploadRequest) *v1.UploadResponse {
				put := request.GetPut()
				return &v1.UploadResponse{Response: &v1.UploadResponse_Finished{Finished: &v1.Finished{
					Slot: put.GetSlot(), File: &v1.File{Path: put.GetPath(), Size: 4, Metadata: map[string]string{"k": huge}},
				}}}
			},
		}, []string{"cp", "-r", tree, "SERVER"}, "the server sent metadata"},
		{"ranges of a large file", &hostileServer{
			upload: func(request *v1.UploadRequest) *v1.UploadResponse {
				begun := &v1.Begun{Slot: request.GetBegin().GetSlot(), UploadId: "id", Epoch: 1, PartSize: 1}
				begun.Durable = make([]*v1.Range, 1_000_000)
				for n := range begun.Durable {
					begun.Durable[n] = &v1.Range{}
				}
				return &v1.UploadResponse{Response: &v1.UploadResponse_Begun{Begun: begun}}
			},
		}, []string{"cp", large, "SERVER"}, "too many fields"},
		{"ids of uploads", &hostileServer{uploads: func(stream grpc.ServerStreamingServer[v1.ListUploadsResponse]) error {
			for n := range raced.Times(5_000) {
				page := &v1.ListUploadsResponse{}
				for m := range 200 {
					page.Uploads = append(page.Uploads, &v1.Upload{UploadId: fmt.Sprintf("%0250d", 200*n+m), Path: "d/f"})
				}
				if err := stream.Send(page); err != nil {
					return err
				}
			}
			return status.Error(codes.PermissionDenied, "enough")
		}}, []string{"uploads", "rm", "SERVERd", "id"}, "enough"},
	} {
		t.Run(test.name, func(t *testing.T) {
			url, target := test.server.serve(t), filepath.Join(t.TempDir(), "target")
			var args []string
			for _, arg := range test.args {
				args = append(args, strings.NewReplacer("SERVER", url, "DIR", target).Replace(arg))
			}
			printed := program.Output{Most: 64 << 10}
			cmd := built.Command(t.Context(), args...)
			cmd.Stdout, cmd.Stderr = &printed, &printed
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- cmd.Wait() }()
			most, err := peak(cmd.Process.Pid, ended)
			t.Logf("%d MiB", most>>10)
			if err == nil || !strings.Contains(printed.String(), test.says) {
				t.Errorf("%v, and printed %q, want %q", err, printed.String(), test.says)
			}
			if most > clientMemory && !raced.On {
				t.Errorf("the client took %d MiB, want at most %d", most>>10, clientMemory>>10)
			}
		})
	}
}

// peak returns the peak memory of a process in KiB, after the process has ended. The
// system keeps the peak. The test reads it while the process runs, because the rusage of
// an ended process includes its parent's memory.
func peak(pid int, ended <-chan error) (most int, err error) {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			return most, err
		case <-tick.C:
			status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)) // the process may have ended
			_, rest, _ := strings.Cut(string(status), "VmHWM:")
			var now int
			if _, err := fmt.Sscan(rest, &now); err == nil {
				most = max(most, now)
			}
		}
	}
}
