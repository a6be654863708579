package client_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/loopback"
	"github.com/tranship/tranship/internal/testing/storeserver"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/disk"
	"github.com/tranship/tranship/transfer"
)

// blocks is the number of bytes of the blocks of a file.
func blocks(t *testing.T, name string) int64 {
	t.Helper()
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	return info.Sys().(*syscall.Stat_t).Blocks * 512
}

// TestSparse uploads, copies and downloads files with holes. The holes take no blocks
// anywhere, and the contents are the same.
func TestSparse(t *testing.T) {
	const hole = 3 << 20
	for name, runs := range map[string][]int64{ // offset, length of data
		"only a hole":     {},
		"begin":           {hole, 5000},
		"middle":          {0, 4096, hole - 1234, 100_000},
		"end":             {0, 300_000},
		"alternate":       {0, 65536, 262_144, 65536, 524_288, 65536, 2 << 20, 4096},
		"data at the end": {2*hole + 12_340, 5},
	} {
		t.Run(name, func(t *testing.T) {
			dir, root := t.TempDir(), t.TempDir()
			source := filepath.Join(dir, "source")
			file, err := os.Create(source)
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			if err := file.Truncate(2*hole + 12_345); err != nil {
				t.Fatal(err)
			}
			for i := 0; i < len(runs); i += 2 {
				if _, err := file.WriteAt(bytes.Repeat([]byte{7}, int(runs[i+1])), runs[i]); err != nil {
					t.Fatal(err)
				}
			}
			most := blocks(t, source) + 64<<10
			if most > hole {
				t.Skip("the file system has no holes")
			}
			store, err := disk.Open(root, disk.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer store.Close()
			remote := connect(t, store, client.Options{})
			if _, err := transfer.Upload(t.Context(), remote, source, "file", transfer.UploadOptions{}); err != nil {
				t.Fatal(err)
			}
			if _, err := remote.Copy(t.Context(), "file", "copy", tranship.Precondition{}); err != nil {
				t.Fatal(err)
			}
			target := filepath.Join(dir, "target")
			if _, err := transfer.Download(t.Context(), remote, "file", target, transfer.DownloadOptions{}); err != nil {
				t.Fatal(err)
			}
			want, err := os.ReadFile(source)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{filepath.Join(root, "file"), filepath.Join(root, "copy"), target} {
				got, err := os.ReadFile(name)
				if err != nil || !bytes.Equal(got, want) {
					t.Errorf("%s: %d other bytes, %v", filepath.Base(name), len(got), err)
				}
				if used := blocks(t, name); used > most {
					t.Errorf("%s has %d bytes of blocks, want at most %d", filepath.Base(name), used, most)
				}
			}
		})
	}
}

// TestZerosOldServer uploads a file with a hole to a server that does not announce that it
// takes zeros. The server gets bytes.
func TestZerosOldServer(t *testing.T) {
	const size = 3 << 20
	root, source := t.TempDir(), filepath.Join(t.TempDir(), "source")
	if err := os.WriteFile(source, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(source, size); err != nil {
		t.Fatal(err)
	}
	store, err := disk.Open(root, disk.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	old := grpc.ChainUnaryInterceptor(func(ctx context.Context, request any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		response, err := next(ctx, request)
		if info, ok := response.(*transhipv1.GetServerInfoResponse); ok {
			info.AcceptsZeros = false
		}
		return response, err
	})
	address := storeserver.Mount(t, store, server.Config{}, append(server.GRPCOptions(server.Config{}), old)...)
	remote, err := client.Dial(t.Context(), address, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer remote.Close()
	if _, err := transfer.Upload(t.Context(), remote, source, "file", transfer.UploadOptions{}); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(root, "file"))
	if err != nil || !bytes.Equal(got, make([]byte, size)) {
		t.Errorf("%d other bytes, %v", len(got), err)
	}
	if used := blocks(t, filepath.Join(root, "file")); used < size {
		t.Errorf("the server has %d bytes of blocks: it was sent zeros as a number", used)
	}
}

// TestHostileZeros reads from a server that sends runs of zeros that it must not send.
func TestHostileZeros(t *testing.T) {
	file := &transhipv1.File{Path: "file", Size: 1000, Version: "v"}
	opened := &transhipv1.DownloadResponse{Response: &transhipv1.DownloadResponse_Opened{Opened: &transhipv1.Opened{Slot: 1, File: file}}}
	for name, zeros := range map[string]*transhipv1.Zeros{
		"none":       {Slot: 1},
		"negative":   {Slot: 1, Length: -1},
		"too many":   {Slot: 1, Length: 1001},
		"huge":       {Slot: 1, Length: 1<<63 - 1},
		"gap":        {Slot: 1, Offset: new(int64(1)), Length: 1},
		"other slot": {Slot: 2, Length: 1},
	} {
		t.Run(name, func(t *testing.T) {
			remote := (&hostile{file: file, downloads: []*transhipv1.DownloadResponse{
				opened, {Response: &transhipv1.DownloadResponse_Zeros{Zeros: zeros}},
			}}).connect(t)
			content, err := remote.Open(t.Context(), "file", tranship.OpenOptions{})
			if err != nil {
				t.Fatal(err)
			}
			defer content.Close()
			if n, err := content.Read(make([]byte, 10)); n != 0 || !errors.Is(err, tranship.ErrIntegrity) {
				t.Errorf("read %d bytes, %v", n, err)
			}
		})
	}
}

// TestZerosRefusedInfo uploads a file with many holes to a server that refuses to tell what it
// takes. The client asks once, and sends bytes.
func TestZerosRefusedInfo(t *testing.T) {
	const size, holes = 4 << 20, 16
	root, source := t.TempDir(), filepath.Join(t.TempDir(), "source")
	file, err := os.Create(source)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	want := make([]byte, size)
	for i := range holes {
		at := i*size/holes + 100
		want[at] = 7
		if _, err := file.WriteAt(want[at:at+1], int64(at)); err != nil {
			t.Fatal(err)
		}
	}
	if err := file.Truncate(size); err != nil {
		t.Fatal(err)
	}
	store, err := disk.Open(root, disk.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	var asked atomic.Int64
	var dialed atomic.Bool
	refusing := grpc.ChainUnaryInterceptor(func(ctx context.Context, request any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		if _, ok := request.(*transhipv1.GetServerInfoRequest); ok && dialed.Load() {
			asked.Add(1)
			return nil, status.Error(codes.PermissionDenied, "no")
		}
		return next(ctx, request)
	})
	address := storeserver.Mount(t, store, server.Config{}, append(server.GRPCOptions(server.Config{}), refusing)...)
	remote, err := client.Dial(t.Context(), address, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer remote.Close()
	dialed.Store(true)
	if _, err := transfer.Upload(t.Context(), remote, source, "file", transfer.UploadOptions{}); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(root, "file")); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d other bytes, %v", len(got), err)
	}
	if n := asked.Load(); n > 1 || n == 0 && blocks(t, source) < size/2 {
		t.Errorf("the client asked %d times, want once", n)
	}
}

// TestZerosOldClient downloads a file with a hole as a client does that does not ask for zeros.
// It gets bytes.
func TestZerosOldClient(t *testing.T) {
	const size = 3 << 20
	root := t.TempDir()
	store, err := disk.Open(root, disk.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if err := os.WriteFile(filepath.Join(root, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(root, "file"), size); err != nil {
		t.Fatal(err)
	}
	address := storeserver.Mount(t, store, server.Config{}, server.GRPCOptions(server.Config{})...)
	stream, err := transhipv1.NewFileServiceClient(loopback.Dial(t, address)).Download(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	open := &transhipv1.Open{Slot: 1, Path: "file"}
	if err := stream.Send(&transhipv1.DownloadRequest{Request: &transhipv1.DownloadRequest_Open{Open: open}}); err != nil {
		t.Fatal(err)
	}
	var crc uint32
	var length int64
	for {
		response, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		if response.GetZeros() != nil {
			t.Fatal("the client got zeros as a number")
		}
		data := response.GetChunk().GetData()
		crc, length = tranship.UpdateCRC32C(crc, data), length+int64(len(data))
		if done := response.GetDone(); done != nil {
			if length != size || crc != tranship.ZerosCRC32C(size) || done.GetCrc32C() != crc {
				t.Errorf("got %d bytes of %08x, want %d of %08x", length, crc, size, tranship.ZerosCRC32C(size))
			}
			return
		}
	}
}
