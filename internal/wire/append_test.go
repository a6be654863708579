package wire

import (
	"bytes"
	"io/fs"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/tranship/tranship"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// checkAppended compares what was appended to a prefix with what generated code writes.
func checkAppended(t *testing.T, what string, appended []byte, message proto.Message) {
	t.Helper()
	want, err := proto.MarshalOptions{}.MarshalAppend([]byte("before"), message)
	if err != nil || !bytes.Equal(appended, want) {
		t.Errorf("%s: %x, want %x, %v", what, appended, want, err)
	}
}

// checkFile compares the replies with a file.
func checkFile(t *testing.T, slot uint64, file tranship.File) {
	t.Helper()
	opened, ok := AppendOpened([]byte("before"), slot, file)
	finished, same := AppendFinished([]byte("before"), slot, file)
	if ok != same {
		t.Errorf("%+v: opened %v, finished %v", file, ok, same)
	}
	if !ok {
		if string(opened) != "before" || string(finished) != "before" {
			t.Errorf("%+v: %x and %x were appended", file, opened, finished)
		}
		return
	}
	checkAppended(t, "opened", opened, &transhipv1.DownloadResponse{Response: &transhipv1.DownloadResponse_Opened{
		Opened: &transhipv1.Opened{Slot: slot, File: FileToProto(file)},
	}})
	checkAppended(t, "finished", finished, &transhipv1.UploadResponse{Response: &transhipv1.UploadResponse_Finished{
		Finished: &transhipv1.Finished{Slot: slot, File: FileToProto(file)},
	}})
}

// checkContent compares the replies with content.
func checkContent(t *testing.T, slot uint64, offset int64, data []byte, crc uint32) {
	t.Helper()
	chunk := &transhipv1.Chunk{Slot: slot, Offset: &offset, Data: data, Crc32C: &crc}
	checkAppended(t, "chunk", AppendChunk([]byte("before"), slot, offset, data, crc),
		&transhipv1.DownloadResponse{Response: &transhipv1.DownloadResponse_Chunk{Chunk: chunk}})
	checkAppended(t, "done", AppendDone([]byte("before"), slot, crc),
		&transhipv1.DownloadResponse{Response: &transhipv1.DownloadResponse_Done{Done: &transhipv1.Done{Slot: slot, Crc32C: crc}}})
}

// TestAppend compares replies with what generated code writes.
func TestAppend(t *testing.T) {
	crc := uint32(0xfedcba98)
	for _, file := range []tranship.File{
		{},
		{Path: "a/é", Size: 4096, ModTime: time.Date(2024, 2, 3, 4, 5, 6, 789, time.UTC), Mode: 0o644, Version: "v", CRC32C: &crc},
		{Path: "a", Size: 1 << 40, ModTime: time.Unix(0, 0), Mode: 0o7777, CRC32C: new(uint32)},
		{Path: "a", Size: -1, ModTime: time.Unix(-1, 5)},
		{Path: "a", ModTime: time.Unix(leastSeconds, 0)},
		{Path: "a", ModTime: time.Unix(mostSeconds, 999_999_999)},
		{Path: string(bytes.Repeat([]byte("p"), 300)), Version: string(bytes.Repeat([]byte("v"), 128)), ModTime: time.Unix(1, 0)},
	} {
		for _, slot := range []uint64{0, 1, 127, 128, 1 << 63} {
			if _, ok := AppendOpened(nil, slot, file); !ok {
				t.Errorf("%+v is left to generated code", file)
			}
			checkFile(t, slot, file)
		}
	}
	for _, file := range []tranship.File{
		{Path: "\xff"},
		{Path: "a", Version: "\xff"},
		{Path: "a", Metadata: map[string]string{"k": "v"}},
		{Path: "a", ModTimeUnit: time.Second},
		{Path: "a", ModTime: time.Unix(leastSeconds-1, 0)},
		{Path: "a", ModTime: time.Unix(mostSeconds+1, 0)},
	} {
		if _, ok := AppendOpened(nil, 1, file); ok {
			t.Errorf("%+v is not left to generated code", file)
		}
		checkFile(t, 1, file)
	}
	for _, length := range []int{0, 1, 127, 128, 5000} {
		for _, crc := range []uint32{0, 1, 0xffffffff} {
			checkContent(t, 300, 0, make([]byte, length), crc)
			checkContent(t, 0, 1<<40, make([]byte, length), crc)
		}
	}
}

// FuzzAppend compares replies with what generated code writes.
func FuzzAppend(f *testing.F) {
	f.Add(uint64(1), "a", "v", int64(5), int64(6), int64(7), uint32(0o644), uint32(8), []byte("content"))
	f.Fuzz(func(t *testing.T, slot uint64, path, version string, size, seconds, nanos int64, mode, crc uint32, data []byte) {
		if seconds > 1<<50 || seconds < -1<<50 {
			return // package time cannot have it
		}
		file := tranship.File{Path: path, Version: version, Size: size, ModTime: time.Unix(seconds, nanos%1e9), Mode: fs.FileMode(mode), CRC32C: &crc}
		checkFile(t, slot, file)
		checkContent(t, slot, size, data, crc)
	})
}
