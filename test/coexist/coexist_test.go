package coexist

import (
	"errors"
	"io"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/tranship/tranship"
	filesrvclient "github.com/tranship/tranship/client/filesrv"
	_ "github.com/tranship/tranship/client/filetransfer" // links it, too
	"github.com/tranship/tranship/internal/testing/loopback"
	"github.com/tranship/tranship/internal/testing/storeserver"
	filesrvv1 "github.com/tranship/tranship/proto/filesrv/v1"
	filesrvv2 "github.com/tranship/tranship/proto/filesrv/v2"
	"github.com/tranship/tranship/server" // links both protocols
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/test/coexist/tutorial"
)

// TestRegistry is also a test that the program starts: the global registry panics at
// start-up if two packages use one name.
func TestRegistry(t *testing.T) {
	for _, name := range []protoreflect.FullName{"FileHeader", "UploadRequest", "StringResponse", "FileResponse"} {
		message, err := protoregistry.GlobalTypes.FindMessageByName(name)
		if err != nil {
			t.Fatal(err)
		}
		file := message.Descriptor().ParentFile()
		if file != tutorial.File_filesrv_proto {
			t.Errorf("%s is not the program's own", name)
		}
	}
	if _, err := protoregistry.GlobalTypes.FindMessageByName("FileTransfer.Chunk"); err == nil {
		t.Error("FileTransfer.Chunk is in the global registry")
	}
}

// TestText checks that reflection over messages works without the global registry.
func TestText(t *testing.T) {
	request := &filesrvv1.UploadRequest{Request: &filesrvv1.UploadRequest_Header{Header: &filesrvv1.FileHeader{Filename: "a"}}}
	response := &filesrvv2.FileResponse{Data: &filesrvv2.FileResponse_Header{Header: &filesrvv2.FileHeader{Filename: "a"}}}
	if request.String() != response.String() || request.String() == "" {
		t.Errorf("texts are %q and %q", request, response)
	}
	if _, err := protojson.Marshal(response); err != nil {
		t.Error(err)
	}
}

// TestOwnClient uses our service with the program's own client.
func TestOwnClient(t *testing.T) {
	store := new(mem.Store)
	client := tutorial.NewFileSrvClient(loopback.Dial(t, storeserver.Mount(t, store, server.Config{})))
	upload, err := client.UploadFile(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, request := range []*tutorial.UploadRequest{
		{Request: &tutorial.UploadRequest_Header{Header: &tutorial.FileHeader{Filename: "a", Extension: ".txt"}}},
		{Request: &tutorial.UploadRequest_ChunkData{ChunkData: []byte("hello")}},
	} {
		if err := upload.Send(request); err != nil {
			t.Fatal(err)
		}
	}
	if response, err := upload.CloseAndRecv(); err != nil || response.GetMessage() != "Success!" {
		t.Fatal(response, err)
	}
	download, err := client.DownloadFile(t.Context(), &tutorial.FileHeader{Filename: "a", Extension: ".txt"})
	if err != nil {
		t.Fatal(err)
	}
	if response, err := download.Recv(); err != nil || string(response.GetChunkData()) != "hello" {
		t.Error(response, err)
	}
	if _, err := download.Recv(); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
}

// ownService is the program's own implementation.
type ownService struct {
	tutorial.UnimplementedFileSrvServer
}

func (ownService) DownloadFile(header *tutorial.FileHeader, stream grpc.ServerStreamingServer[tutorial.FileResponse]) error {
	return stream.Send(&tutorial.FileResponse{ChunkData: []byte(header.GetFilename() + header.GetExtension())})
}

// TestOwnService uses the program's own service with our client.
func TestOwnService(t *testing.T) {
	address := loopback.Serve(t, func(r grpc.ServiceRegistrar) { tutorial.RegisterFileSrvServer(r, ownService{}) })
	client := filesrvclient.New(loopback.Dial(t, address), filesrvclient.Options{})
	content, err := client.Open(t.Context(), "a.txt", tranship.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	if data, err := io.ReadAll(content); err != nil || string(data) != "a.txt" {
		t.Errorf("read %q, %v", data, err)
	}
}
