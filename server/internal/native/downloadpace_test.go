package native

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/observation"
	"github.com/tranship/tranship/store/mem"
)

// TestDownloadPace checks that only a fast download on a lane has large chunks, after its rate was
// measured, while few others have them, and that it makes room for others when it ends.
func TestDownloadPace(t *testing.T) {
	const size = 2*paceBytes + 1
	for name, test := range map[string]struct {
		transport string
		// took is how long each chunk takes.
		took time.Duration
		// others is how many downloads with large chunks are under way.
		others int32
		// wantLarge is how many chunks are large.
		wantLarge int
	}{
		"a fast lane":               {tranship.TransportLanes, 0, 0, paceBytes / largeDownloadChunk},
		"a lane at the least rate":  {tranship.TransportLanes, time.Second * downloadChunk / fastRate, 0, paceBytes / largeDownloadChunk},
		"a slow lane":               {tranship.TransportLanes, time.Second*downloadChunk/fastRate + time.Millisecond, 0, 0},
		"a fast stream of gRPC":     {tranship.TransportGRPC, 0, 0, 0},
		"a fast lane, with few":     {tranship.TransportLanes, 0, largeDownloads - 1, paceBytes / largeDownloadChunk},
		"a fast lane, not with few": {tranship.TransportLanes, 0, largeDownloads, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				data := make([]byte, size)
				data[size-1] = 1
				store := &mem.Store{PartSize: size}
				storeFile(t, store, "file", data)
				service := New(store, Options{})
				service.largeDownloads.Store(test.others)
				stream := newScriptedDownload(observation.NewTransportContext(t.Context(), test.transport))
				stream.took = test.took
				stream.open(1, "file", size)
				close(stream.requests)
				if err := service.Download(stream); err != nil {
					t.Fatal(err)
				}
				if got := stream.ended(1); !slices.Equal(got, []codes.Code{codes.OK}) || !slices.Equal(stream.bytes[1], data) {
					t.Errorf("the download ended with %v and %d bytes", got, len(stream.bytes[1]))
				}
				large := 0
				for i, n := range stream.sizes {
					if n > downloadChunk {
						large++
					}
					if n > largeDownloadChunk || n > downloadChunk && i < paceBytes/downloadChunk {
						t.Errorf("chunk %d has %d bytes", i, n)
					}
				}
				if large != test.wantLarge {
					t.Errorf("%d chunks are large, want %d", large, test.wantLarge)
				}
				if n := service.largeDownloads.Load(); n != test.others {
					t.Errorf("%d downloads count as having large chunks, want %d", n, test.others)
				}
			})
		})
	}
}

// TestDownloadPaceSlows checks that the chunks of a download become small again when it slows down.
func TestDownloadPaceSlows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := New(&mem.Store{}, Options{})
		stream := &downloadStream{service: service, ctx: observation.NewTransportContext(t.Context(), tranship.TransportLanes)}
		pace := stream.pace()
		pace.note(paceBytes)
		if n := pace.chunkBytes(); n != largeDownloadChunk {
			t.Errorf("%d bytes while fast", n)
		}
		time.Sleep(time.Second * paceBytes / fastRate * 2)
		pace.note(paceBytes)
		if n := pace.chunkBytes(); n != downloadChunk || service.largeDownloads.Load() != 0 {
			t.Errorf("%d bytes while slow, and %d downloads count", n, service.largeDownloads.Load())
		}
		pace.note(paceBytes)
		if n := pace.chunkBytes(); n != largeDownloadChunk {
			t.Errorf("%d bytes while fast again", n)
		}
		pace.end()
		pace.end()
		if n := service.largeDownloads.Load(); n != 0 {
			t.Errorf("%d downloads count after the end", n)
		}
	})
}

// storeFile stores a file of one part.
func storeFile(t *testing.T, store tranship.Store, path string, data []byte) {
	t.Helper()
	upload, err := store.Begin(t.Context(), tranship.Spec{Path: path, Size: new(int64(len(data)))})
	if err != nil {
		t.Fatal(err)
	}
	part, err := upload.Part(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = part.Write(data)
	if err := errors.Join(err, part.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := upload.Commit(t.Context(), tranship.Commit{Size: int64(len(data))}); err != nil {
		t.Fatal(err)
	}
}
