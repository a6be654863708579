package lane_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship/internal/lane"
	"github.com/tranship/tranship/internal/payload"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// pieceBytes is how many bytes of a payload come at once.
const pieceBytes = 512 << 10

// inPieces returns a message that takes a chunk in pieces.
func inPieces() *payload.Message {
	m := chunkPlace(&transhipv1.UploadRequest{})
	m.InPieces(payload.Place{Outer: 2, Data: 3}, pieceBytes)
	return m
}

// A message in pieces is whole at its end. One that is given up is dropped, and the next one is
// not affected.
func TestPieces(t *testing.T) {
	sizes := []int{10, 70_000, 1 << 20, 300_000, 1<<20 + 7, 60_000, 1 << 20}
	conn := pair(t, func(_ lane.Headers, stream grpc.ServerStream) error {
		for n, size := range sizes {
			m := inPieces()
			if err := m.Receive(stream); err != nil {
				return err
			}
			if (m.Left() == 0) != (size < 64<<10) {
				t.Errorf("%d bytes: %d are left", size, m.Left())
			}
			data, givenUp := bytes.Clone(m.Bytes()), n == 3 || n == 4
			m.Free()
			for m.Left() > 0 && (!givenUp || len(data) == 0) {
				if err := m.ReceiveMore(stream); err != nil {
					return err
				}
				data = append(data, m.Bytes()...)
				m.Free()
			}
			got := m.Proto.(*transhipv1.UploadRequest).GetChunk()
			if want := bytes.Repeat([]byte{byte(n)}, size); !givenUp && !bytes.Equal(data, want) || got.GetSlot() != uint64(n) || !givenUp && got.GetCrc32C() != 9 {
				return fmt.Errorf("message %d became %v with %d bytes", n, got, len(data))
			}
		}
		return nil
	})
	for range 2 {
		stream, free := open(t, t.Context(), conn)
		for n, size := range sizes {
			chunk := &transhipv1.Chunk{Slot: uint64(n), Crc32C: new(uint32(9)), Data: bytes.Repeat([]byte{byte(n)}, size)}
			if err := stream.SendMsg(&transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Chunk{Chunk: chunk}}); err != nil {
				t.Fatal(err)
			}
		}
		if err := stream.RecvMsg(&transhipv1.UploadResponse{}); !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		if !<-free {
			t.Fatal("the lane cannot be used again")
		}
	}
}

// A call that ends within a piece, or between two, leaves the lane usable once the client has
// completed the message.
func TestEndWithinPieces(t *testing.T) {
	for name, arrived := range map[string]int{"before the first": 100, "within the first": 1000, "within the second": pieceBytes + 1000} {
		t.Run(name, func(t *testing.T) {
			client, server := connect(t)
			ended, over := make(chan error), make(chan struct{})
			cancelled := make(chan context.CancelFunc, 1)
			conn := make(chan *lane.Conn, 1)
			go func() {
				preface := make([]byte, len(lane.Preface))
				_, _ = io.ReadFull(server, preface)
				c, err := lane.Accept(server, lane.Options{})
				if err != nil {
					t.Error(err)
				}
				conn <- c
			}()
			if _, err := io.WriteString(client, lane.Preface); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(client, make([]byte, len(lane.Preface)+1)); err != nil {
				t.Fatal(err)
			}
			c := <-conn
			reusable := make(chan bool)
			go func() {
				if _, err := c.AwaitHeaders(time.Minute, time.Minute); err != nil {
					t.Error(err)
				}
				ctx, cancel := context.WithCancel(metadata.NewIncomingContext(context.Background(), nil))
				stream := c.Serve(ctx)
				cancelled <- cancel
				m := inPieces()
				err := m.Receive(stream)
				close(over)
				for err == nil {
					err = m.ReceiveMore(stream)
					m.Free()
				}
				ended <- err
				reusable <- stream.Finish(status.Error(codes.Aborted, "revoked"))
			}()
			chunk := frameOf(3, encoded(&transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Chunk{Chunk: &transhipv1.Chunk{Slot: 1, Data: make([]byte, 1<<20)}}})...)
			if _, err := client.Write(join(headersFrame, chunk[:arrived])); err != nil {
				t.Fatal(err)
			}
			<-over
			(<-cancelled)()
			if err := <-ended; status.Code(err) != codes.Canceled {
				t.Errorf("receiving ended with %v", err)
			}
			if _, err := client.Write(join(chunk[arrived:], frameOf(6))); err != nil {
				t.Fatal(err)
			}
			if !<-reusable {
				t.Error("the lane cannot be used again")
			}
			_ = c.Close()
		})
	}
}
