package client_test

import (
	"errors"
	"path/filepath"
	"testing"

	"google.golang.org/grpc"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/filetest"
	"github.com/tranship/tranship/internal/testing/loopback"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/store/disk"
)

// verifyServer is a server that sends the responses of each test to VerifyFile.
type verifyServer struct {
	transhipv1.UnimplementedFileServiceServer
	responses []*transhipv1.VerifyFileResponse
}

func (s *verifyServer) VerifyFile(_ *transhipv1.VerifyFileRequest, stream grpc.ServerStreamingServer[transhipv1.VerifyFileResponse]) error {
	if s.responses == nil {
		return s.UnimplementedFileServiceServer.VerifyFile(nil, stream)
	}
	for _, response := range s.responses {
		if err := stream.Send(response); err != nil {
			return err
		}
	}
	return nil
}

func (s *verifyServer) verify(t *testing.T) (tranship.File, error) {
	t.Helper()
	address := loopback.Serve(t, func(registrar grpc.ServiceRegistrar) { transhipv1.RegisterFileServiceServer(registrar, s) })
	connected := client.New(loopback.Dial(t, address))
	t.Cleanup(func() { connected.Close() })
	return connected.VerifyFile(t.Context(), "a", client.VerifyOptions{})
}

// TestVerifyFile verifies a good file, one without a checksum, and one whose bytes have changed
// although its size and time have not.
func TestVerifyFile(t *testing.T) {
	root := t.TempDir()
	store, err := disk.Open(root, disk.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	data := filetest.Random(600 << 10)
	for _, path := range []string{"good", "bad"} {
		filetest.Put(t, store, path, data)
	}
	filetest.Write(t, filepath.Join(root, "foreign"), data)
	filetest.Damage(t, filepath.Join(root, "bad"), 300<<10)
	connected := connect(t, store, client.Options{})
	if file, err := connected.VerifyFile(t.Context(), "good", client.VerifyOptions{BytesPerSecond: 1 << 40}); err != nil || file.CRC32C == nil || *file.CRC32C != tranship.CRC32C(data) {
		t.Errorf("good: %+v, %v", file, err)
	}
	if file, err := connected.VerifyFile(t.Context(), "foreign", client.VerifyOptions{}); err != nil || file.CRC32C != nil || file.Size != int64(len(data)) {
		t.Errorf("foreign: %+v, %v", file, err)
	}
	for path, want := range map[string]error{"bad": tranship.ErrIntegrity, "none": tranship.ErrNotFound, "../x": tranship.ErrInvalid} {
		if file, err := connected.VerifyFile(t.Context(), path, client.VerifyOptions{}); !errors.Is(err, want) {
			t.Errorf("%s: %+v, %v; want %v", path, file, err, want)
		}
	}
	if file, err := connected.VerifyFile(t.Context(), "good", client.VerifyOptions{Version: "another"}); !errors.Is(err, tranship.ErrPrecondition) {
		t.Errorf("another version: %+v, %v", file, err)
	}
}

func TestVerifyOlderServer(t *testing.T) {
	if file, err := (&verifyServer{}).verify(t); !errors.Is(err, tranship.ErrUnsupported) {
		t.Errorf("%+v, %v", file, err)
	}
}

// TestHostileVerification checks that the client rejects responses that break the protocol.
func TestHostileVerification(t *testing.T) {
	read := func(n int64) *transhipv1.VerifyFileResponse { return &transhipv1.VerifyFileResponse{ReadBytes: n} }
	crc := new(uint32(1))
	result := func(file *transhipv1.File) *transhipv1.VerifyFileResponse {
		return &transhipv1.VerifyFileResponse{ReadBytes: 9, File: file, Crc32C: crc}
	}
	good := result(&transhipv1.File{Path: "a", Size: 9, Crc32C: crc})
	if _, err := (&verifyServer{responses: []*transhipv1.VerifyFileResponse{read(0), read(4), read(4), good}}).verify(t); err != nil {
		t.Error(err)
	}
	for name, responses := range map[string][]*transhipv1.VerifyFileResponse{
		"no result":        {read(1)},
		"nothing":          {},
		"decreasing":       {read(4), read(3), good},
		"negative":         {read(-1), good},
		"two results":      {good, good},
		"more afterwards":  {good, read(9)},
		"not a valid file": {result(&transhipv1.File{Path: "../a"})},
		"another file":     {result(&transhipv1.File{Path: "b", Crc32C: crc})},
		"another checksum": {result(&transhipv1.File{Path: "a", Crc32C: new(uint32(2))})},
		"no checksum":      {{File: &transhipv1.File{Path: "a", Crc32C: crc}}},
	} {
		if file, err := (&verifyServer{responses: responses}).verify(t); !errors.Is(err, tranship.ErrIntegrity) {
			t.Errorf("%s: %+v, %v", name, file, err)
		}
	}
}
