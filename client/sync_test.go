package client_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/pipenet"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// late is a server that reports part 0 of an upload as durable only some time after it has finished
// a slot that joins. A report is lost if never is set.
type late struct {
	transhipv1.UnimplementedFileServiceServer
	never bool
}

const lateness = 250 * time.Millisecond

func (l late) Upload(stream grpc.BidiStreamingServer[transhipv1.UploadRequest, transhipv1.UploadResponse]) error {
	for {
		request, err := stream.Recv()
		if err != nil {
			return err
		}
		if begin := request.GetBegin(); begin != nil && begin.GetMode() != transhipv1.Begin_MODE_JOIN {
			begun := &transhipv1.Begun{Slot: begin.GetSlot(), UploadId: "id", Epoch: 1, PartSize: 1 << 20}
			err = stream.Send(&transhipv1.UploadResponse{Response: &transhipv1.UploadResponse_Begun{Begun: begun}})
		}
		if finish := request.GetFinish(); finish != nil {
			finished := &transhipv1.Finished{Slot: finish.GetSlot()}
			err = stream.Send(&transhipv1.UploadResponse{Response: &transhipv1.UploadResponse_Finished{Finished: finished}})
			if !l.never {
				time.Sleep(lateness) // of virtual time
				progress := &transhipv1.Progress{Slot: 1, NewlyDurable: []*transhipv1.Range{{Length: 1 << 20, Crc32C: new(uint32(1))}}}
				err = errors.Join(err, stream.Send(&transhipv1.UploadResponse{Response: &transhipv1.UploadResponse_Progress{Progress: progress}}))
			}
		}
		if err != nil {
			return err
		}
	}
}

// TestSyncReport checks that Sync finds out what a writer of several parts that is not closed
// has made durable, and that it does not wait for long for a server that does not tell.
func TestSyncReport(t *testing.T) {
	for _, never := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			network, server := pipenet.New(), grpc.NewServer()
			transhipv1.RegisterFileServiceServer(server, late{never: never})
			go func() { _ = server.Serve(network) }()
			defer server.Stop()
			conn, err := grpc.NewClient("passthrough:///pipe", grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithContextDialer(network.Dial))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			files := client.New(conn)
			defer files.Close()
			upload, err := files.Begin(t.Context(), tranship.Spec{Path: "file", Size: new(int64(3 << 20)), ResumeKey: "key"})
			if err != nil {
				t.Fatal(err)
			}
			runner, ok := upload.(tranship.PartRunner)
			if !ok {
				t.Fatal("the upload has no runs of parts")
			}
			if _, err := runner.PartRun(t.Context(), 0, 3); err != nil {
				t.Fatal(err)
			}
			begun := time.Now()
			if err := upload.Sync(t.Context()); err != nil {
				t.Fatal(err)
			}
			if waited := time.Since(begun); waited > 4*lateness {
				t.Errorf("Sync has waited %v", waited)
			}
			if durable := upload.Durable(); (len(durable) == 0) != never {
				t.Errorf("durable are %v", durable)
			}
		})
	}
}
