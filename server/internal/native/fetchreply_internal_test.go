package native

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/bufferpool"
	"github.com/tranship/tranship/internal/payload"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// TestRepliesOfUnusualFiles encodes replies of files that have metadata or a rounded time, which only
// generated code encodes, between those of others. A file whose path has no encoding fails alone.
func TestRepliesOfUnusualFiles(t *testing.T) {
	at := time.Date(2024, 2, 3, 4, 5, 6, 789, time.UTC)
	files := []tranship.File{
		{Path: "usual", ModTime: at},
		{Path: "described", ModTime: at, Metadata: map[string]string{"k": "v"}},
		{Path: "\xff", ModTime: at},
		{Path: "rounded", ModTime: at, ModTimeUnit: time.Second},
		{Path: "last", ModTime: at},
	}
	var pool bufferpool.Pool
	opened, finished := &fetchReplies{encoder: payload.NewEncoder(&pool, 10, 10)}, []put(nil)
	results := make([]tranship.PutResult, len(files))
	for i, file := range files {
		if err := opened.addOpened(uint64(i), file); (err != nil) != (i == 2) {
			t.Errorf("%q: %v", file.Path, err)
		}
		results[i].File = file
		finished = append(finished, put{request: &transhipv1.Put{Slot: uint64(i), Path: file.Path}})
	}
	fetched := encodedOf(t, opened.encoder.Messages((*transhipv1.DownloadResponse)(nil)))
	stored := encodedOf(t, encodePutReplies(&pool, finished, results))
	if len(fetched) != len(files)-1 || len(stored) != len(files) {
		t.Fatalf("%d and %d replies", len(fetched), len(stored))
	}
	fetched = append(fetched[:2:2], append([][]byte{nil}, fetched[2:]...)...)
	for i, file := range files {
		var down transhipv1.DownloadResponse
		var up transhipv1.UploadResponse
		if err := proto.Unmarshal(stored[i], &up); err != nil {
			t.Fatal(err)
		}
		if i == 2 {
			if up.GetFailed().GetSlot() != 2 {
				t.Errorf("a path without an encoding: %v", &up)
			}
			continue
		}
		if err := proto.Unmarshal(fetched[i], &down); err != nil {
			t.Fatal(err)
		}
		want := wire.FileToProto(file)
		if down.GetOpened().GetSlot() != uint64(i) || !proto.Equal(down.GetOpened().GetFile(), want) {
			t.Errorf("opened: %v, want %v", &down, want)
		}
		if up.GetFinished().GetSlot() != uint64(i) || !proto.Equal(up.GetFinished().GetFile(), want) {
			t.Errorf("finished: %v, want %v", &up, want)
		}
	}
}

// sentMessages is a stream that keeps the encodings of what is sent.
type sentMessages [][]byte

func (s *sentMessages) SendMsg(message any) error {
	data, err := payload.Codec{}.Marshal(message)
	if err == nil {
		*s = append(*s, data.Materialize())
		data.Free()
	}
	return err
}

func encodedOf(t *testing.T, messages payload.EncodedMessages) [][]byte {
	t.Helper()
	var sent sentMessages
	if err := messages.Send(&sent); err != nil {
		t.Fatal(err)
	}
	return sent
}
