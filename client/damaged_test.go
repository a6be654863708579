package client_test

import (
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/filetest"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/store/localdir"
	"github.com/tranship/tranship/transfer"
)

// damaging serves one file of version "v", in chunks. The chunk at offset spoiled comes as spoil
// returns it, or the call ends there if spoil returns an error.
type damaging struct {
	transhipv1.UnimplementedFileServiceServer
	data    []byte
	spoiled int64
	spoil   func(chunk []byte) ([]byte, error)
}

const damagingChunk = 64 << 10

// Download implements transhipv1.FileServiceServer.
func (d *damaging) Download(stream grpc.BidiStreamingServer[transhipv1.DownloadRequest, transhipv1.DownloadResponse]) error {
	request, err := stream.Recv()
	if err != nil {
		return err
	}
	open := request.GetOpen()
	crc := tranship.CRC32C(d.data)
	response := opened("file", int64(len(d.data)), &crc)
	response.GetOpened().GetFile().Version = "v"
	if err := stream.Send(response); err != nil {
		return err
	}
	rest := d.data[open.GetOffset():]
	if open.Length != nil {
		rest = rest[:min(open.GetLength(), int64(len(rest)))]
	}
	sum := tranship.CRC32C(rest)
	for offset := open.GetOffset(); len(rest) > 0; {
		chunk := rest[:min(damagingChunk, len(rest))]
		good := tranship.CRC32C(chunk)
		rest = rest[len(chunk):]
		length := int64(len(chunk))
		if offset == d.spoiled {
			if chunk, err = d.spoil(chunk); err != nil {
				return err
			}
		}
		if err := stream.Send(sent(offset, string(chunk), &good)); err != nil {
			return err
		}
		offset += length
	}
	return stream.Send(done(sum))
}

// TestDamagedChunk copies a file of which one chunk always arrives with wrong bytes, or whose call
// ends early. Wrong bytes reach neither the file of the destination nor the partial file beside
// it.
func TestDamagedChunk(t *testing.T) {
	const size = 3<<20 + 5
	const spoiled = 1<<20 + 2*damagingChunk
	flip := func(chunk []byte) ([]byte, error) {
		chunk = append([]byte(nil), chunk...)
		chunk[len(chunk)/2] ^= 1
		return chunk, nil
	}
	overTransports(t, func(t *testing.T, options client.Options) {
		for name, test := range map[string]struct {
			spoil func(times int64, chunk []byte) ([]byte, error)
			want  error
		}{
			"always": {func(_ int64, chunk []byte) ([]byte, error) { return flip(chunk) }, tranship.ErrIntegrity},
			"early end": {func(times int64, chunk []byte) ([]byte, error) {
				if times == 1 {
					return nil, status.Error(codes.Unavailable, "the end of this call")
				}
				return chunk, nil
			}, nil},
			"nothing is wrong": {func(_ int64, chunk []byte) ([]byte, error) { return chunk, nil }, nil},
		} {
			t.Run(name, func(t *testing.T) {
				data := filetest.Random(size)
				var times atomic.Int64
				service := &damaging{data: data, spoiled: spoiled, spoil: func(chunk []byte) ([]byte, error) { return test.spoil(times.Add(1), chunk) }}
				files := connectService(t, service, options)
				target := t.TempDir()
				dir, err := localdir.Open(target)
				if err != nil {
					t.Fatal(err)
				}
				defer dir.Close()
				crc := tranship.CRC32C(data)
				items := func(yield func(transfer.Item, error) bool) {
					yield(transfer.Item{Source: files, SourcePath: "file", Path: "file", File: tranship.File{Path: "file", Size: size, Version: "v", CRC32C: &crc}}, nil)
				}
				err = transfer.Copy(t.Context(), dir, items, transfer.Options{Attempts: 2})
				if !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
					t.Fatalf("got %v, want %v", err, test.want)
				}
				checkDamaged(t, target, data, spoiled, err == nil)
			})
		}
	})
}

// checkDamaged checks that a directory has the file with data if it is complete, and otherwise at
// most a partial file with the bytes before spoiled.
func checkDamaged(t *testing.T, dir string, data []byte, spoiled int, complete bool) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, name := range names {
		got, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case filepath.Base(name) == "file":
			if found = true; string(got) != string(data) {
				t.Error("the file has other bytes than the source")
			}
		case filepath.Ext(name) == ".journal":
		case len(got) > spoiled || string(got) != string(data[:len(got)]):
			t.Errorf("%s, of %d bytes, has bytes that did not arrive whole", filepath.Base(name), len(got))
		}
	}
	if found != complete {
		t.Errorf("the file is there: %v, want %v", found, complete)
	}
}
