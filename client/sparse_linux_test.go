package client_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"google.golang.org/grpc"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
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
// takes zeros. It gets bytes.
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
