package lane_test

import (
	"context"
	"errors"
	"io"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/mem"

	"github.com/tranship/tranship/internal/bufferpool"
	"github.com/tranship/tranship/internal/lane"
	"github.com/tranship/tranship/internal/payload"
	"github.com/tranship/tranship/internal/testing/loopback"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// chunkMessage is a message of an upload with n bytes of data.
func chunkMessage(data []byte) *payload.Message {
	m := chunkPlace(&transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Chunk{Chunk: &transhipv1.Chunk{Slot: 1}}})
	m.Data = mem.BufferSlice{mem.SliceBuffer(data)}
	return m
}

func chunkPlace(m *transhipv1.UploadRequest) *payload.Message {
	return payload.New(m, payload.Place{Outer: 2, Data: 3})
}

// BenchmarkMessages sends messages with payload from the client to the server.
func BenchmarkMessages(b *testing.B) {
	for name, size := range map[string]int{"1 MiB": 1 << 20, "4 KiB": 4 << 10} {
		b.Run(name, func(b *testing.B) {
			client, server := loopback.TCP(b)
			received := make(chan error, 1)
			pool := &bufferpool.Pool{}
			go func() {
				preface := make([]byte, len(lane.Preface))
				_, _ = io.ReadFull(server, preface)
				conn, err := lane.Accept(server, lane.Options{Pool: pool})
				if err != nil {
					received <- err
					return
				}
				defer conn.Close()
				if _, err := conn.AwaitHeaders(1<<40, 1<<40); err != nil {
					received <- err
					return
				}
				stream := conn.Serve(context.Background())
				err = drain(stream)
				stream.Finish(err)
				received <- err
			}()
			conn, err := lane.Dial(b.Context(), client, lane.Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer conn.Close()
			stream, err := conn.Open(b.Context(), lane.Headers{Method: "/x/y"}, func(bool) {})
			if err != nil {
				b.Fatal(err)
			}
			data := make([]byte, size)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				if err := stream.SendMsg(chunkMessage(data)); err != nil {
					b.Fatal(err)
				}
			}
			_ = stream.CloseSend()
			if err := <-received; err != nil {
				b.Error(err)
			}
		})
	}
}

func drain(stream grpc.ServerStream) error {
	for {
		m := chunkPlace(&transhipv1.UploadRequest{})
		err := stream.RecvMsg(m)
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		m.Free()
	}
}

// BenchmarkRaw copies bytes over the same connection without lanes.
func BenchmarkRaw(b *testing.B) {
	client, server := loopback.TCP(b)
	go func() {
		buffer := make([]byte, 1<<20)
		for {
			if _, err := server.Read(buffer); err != nil {
				return
			}
		}
	}()
	data := make([]byte, 1<<20)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := client.Write(data); err != nil {
			b.Fatal(err)
		}
	}
}
