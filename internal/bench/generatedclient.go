package main

import (
	"context"
	"errors"
	"os"
	"path"
	"path/filepath"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	filesrvv1 "github.com/tranship/tranship/proto/filesrv/v1"
)

// generatedCopy is a typical client of FileSrv.
func generatedCopy(flags copyFlags) error {
	secret, err := flags.keys.clientTLS()
	if err != nil {
		return err
	}
	transport := insecure.NewCredentials()
	if secret != nil {
		transport = credentials.NewTLS(secret)
	}
	conn, err := grpc.NewClient(flags.address, grpc.WithTransportCredentials(transport))
	if err != nil {
		return err
	}
	client := filesrvv1.NewFileSrvClient(conn)
	names, err := fileNames(flags.names)
	if err != nil {
		return err
	}
	for _, name := range names {
		local, remote := filepath.Join(flags.local, name), path.Join(flags.remote, name)
		if flags.down {
			err = generatedDownload(client, local, remote, flags.durable)
		} else {
			err = generatedUpload(client, local, remote)
		}
		if err != nil {
			return errors.Join(err, conn.Close())
		}
	}
	return conn.Close()
}

// fileNames returns the names in the file called list. Without a list, a single file is
// copied.
func fileNames(list string) ([]string, error) {
	if list == "" {
		return []string{""}, nil
	}
	content, err := os.ReadFile(list)
	return strings.Fields(string(content)), err
}

func generatedUpload(client filesrvv1.FileSrvClient, local, remote string) error {
	stream, err := client.UploadFile(context.Background())
	if err != nil {
		return err
	}
	header := &filesrvv1.UploadRequest_Header{Header: generatedHeader(remote)}
	if err := stream.Send(&filesrvv1.UploadRequest{Request: header}); err != nil {
		return err
	}
	err = sendChunks(local, func(chunk []byte) error {
		return stream.Send(&filesrvv1.UploadRequest{Request: &filesrvv1.UploadRequest_ChunkData{ChunkData: chunk}})
	})
	if err != nil {
		return err
	}
	_, err = stream.CloseAndRecv()
	return err
}

func generatedDownload(client filesrvv1.FileSrvClient, local, remote string, durable bool) error {
	stream, err := client.DownloadFile(context.Background(), generatedHeader(remote))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(local), 0o755); err != nil {
		return err
	}
	file, err := os.Create(local)
	if err != nil {
		return err
	}
	return receiveChunks(file, durable, func() ([]byte, error) {
		response, err := stream.Recv()
		return response.GetChunkData(), err
	})
}

func generatedHeader(name string) *filesrvv1.FileHeader {
	extension := path.Ext(name)
	return &filesrvv1.FileHeader{Filename: strings.TrimSuffix(name, extension), Extension: extension}
}
