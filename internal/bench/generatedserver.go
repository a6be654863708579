package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"

	filesrvv1 "github.com/tranship/tranship/proto/filesrv/v1"
)

// generatedChunk is how much of a file goes into a message.
const generatedChunk = 1 << 20

// generatedServe runs a typical server of FileSrv.
func generatedServe(flags copyFlags) error {
	secret, err := flags.keys.serverTLS()
	if err != nil {
		return err
	}
	var options []grpc.ServerOption
	if secret != nil {
		options = append(options, grpc.Creds(credentials.NewTLS(secret)))
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := grpc.NewServer(options...)
	filesrvv1.RegisterFileSrvServer(server, &generatedServer{root: flags.root, durable: flags.durable})
	fmt.Println(listener.Addr())
	return server.Serve(listener)
}

type generatedServer struct {
	filesrvv1.UnimplementedFileSrvServer
	root    string
	durable bool
}

// UploadFile takes one file: a header, then chunks.
func (s *generatedServer) UploadFile(stream grpc.ClientStreamingServer[filesrvv1.UploadRequest, filesrvv1.StringResponse]) error {
	request, err := stream.Recv()
	if err != nil {
		return err
	}
	name, err := s.path(request.GetHeader())
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	err = receiveChunks(file, s.durable, func() ([]byte, error) {
		request, err := stream.Recv()
		return request.GetChunkData(), err
	})
	if err != nil {
		return err
	}
	return stream.SendAndClose(&filesrvv1.StringResponse{Message: "Success!"})
}

// receiveChunks writes a file to its end and closes it.
func receiveChunks(file *os.File, durable bool, next func() ([]byte, error)) error {
	for {
		chunk, err := next()
		if err == io.EOF {
			break
		}
		if err == nil {
			_, err = file.Write(chunk)
		}
		if err != nil {
			return errors.Join(err, file.Close())
		}
	}
	var err error
	if durable {
		err = errors.Join(file.Sync(), syncDirectory(filepath.Dir(file.Name())))
	}
	return errors.Join(err, file.Close())
}

// DownloadFile sends one file.
func (s *generatedServer) DownloadFile(header *filesrvv1.FileHeader, stream grpc.ServerStreamingServer[filesrvv1.FileResponse]) error {
	name, err := s.path(header)
	if err != nil {
		return err
	}
	return sendChunks(name, func(chunk []byte) error {
		return stream.Send(&filesrvv1.FileResponse{ChunkData: chunk})
	})
}

// sendChunks reads a file and sends it.
func sendChunks(name string, send func([]byte) error) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	buffer := make([]byte, generatedChunk)
	for {
		n, err := file.Read(buffer)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := send(buffer[:n]); err != nil {
			return err
		}
	}
}

func (s *generatedServer) path(header *filesrvv1.FileHeader) (string, error) {
	name := header.GetFilename() + header.GetExtension()
	if !filepath.IsLocal(name) {
		return "", status.Errorf(codes.InvalidArgument, "Invalid filepath: %s", name)
	}
	return filepath.Join(s.root, name), nil
}
