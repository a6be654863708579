package storetest

import (
	"context"
	"io"
	"time"

	"github.com/tranship/tranship"
)

func contextTests() []test {
	return []test{
		{"cancelled before", func(f fixture) {
			ctx, cancel := context.WithCancel(f.Context())
			cancel()
			f.endedContext(ctx, context.Canceled)
		}},
		{"past its deadline before", func(f fixture) {
			ctx, cancel := context.WithDeadline(f.Context(), time.Unix(1, 0))
			defer cancel()
			f.endedContext(ctx, context.DeadlineExceeded)
		}},
		{"cancelled while reading", cancelledReading},
		{"cancelled while listing", cancelledListing},
		{"cancelled while writing a part", cancelledWriting},
		{"that of begin may end", beginContextEnds},
	}
}

// endedContext calls every method with a context that has ended.
func (f fixture) endedContext(ctx context.Context, want error) {
	data := []byte("kept")
	kept := f.put("kept", data)
	none := tranship.Precondition{}
	_, err := f.store.Stat(ctx, "kept")
	f.fails("Stat", err, want)
	_, err = f.store.Open(ctx, "kept", tranship.OpenOptions{})
	f.fails("Open", err, want)
	_, err = f.store.Put(ctx, tranship.Spec{Path: "new"}, data)
	f.fails("Put", err, want)
	_, err = f.store.Begin(ctx, tranship.Spec{Path: "new"})
	f.fails("Begin", err, want)
	_, err = f.store.SetAttributes(ctx, "kept", tranship.Attributes{Mode: &kept.Mode}, none)
	f.fails("SetAttributes", err, want)
	f.fails("Remove", f.store.Remove(ctx, "kept", none), want)
	if !f.lacks[NoMove] {
		_, err = f.store.Move(ctx, "kept", "moved", none)
		f.fails("Move", err, want)
	}
	if !f.lacks[NoCopy] {
		_, err = f.store.Copy(ctx, "kept", "copy", none)
		f.fails("Copy", err, want)
	}

	yielded := 0
	for _, err := range f.store.List(ctx, tranship.ListOptions{}) {
		f.fails("List", err, want)
		yielded++
	}
	if yielded != 1 {
		f.Fatalf("List yielded %d times, want one error", yielded)
	}

	upload := f.begin(tranship.Spec{Path: "uploaded"})
	f.fails("writing a part", writePart(ctx, upload, 0, data), want)
	f.writePart(upload, 0, data)
	_, err = commit(ctx, upload, data)
	f.fails("Commit", err, want)

	f.lists(tranship.ListOptions{}, "kept")
	f.sameFile(f.has("kept", data), kept)
	f.commit(upload, data)
	f.has("uploaded", data)
}

func cancelledReading(f fixture) {
	data := content(1, big)
	f.upload(tranship.Spec{Path: "file"}, data)
	ctx, cancel := context.WithCancel(f.Context())
	defer cancel()
	content, err := f.store.Open(ctx, "file", tranship.OpenOptions{})
	if err != nil {
		f.Fatalf("Open: %v", err)
	}
	defer content.Close()
	if _, err := content.Read(make([]byte, 10)); err != nil {
		f.Fatalf("Read: %v", err)
	}
	cancel()
	_, err = io.ReadAll(content)
	f.fails("reading after the context ended", err, context.Canceled)
	f.has("file", data)
}

func cancelledListing(f fixture) {
	for _, path := range tree() {
		f.put(path, nil)
	}
	ctx, cancel := context.WithCancel(f.Context())
	defer cancel()
	var last error
	for _, err := range f.store.List(ctx, tranship.ListOptions{Recursive: true}) {
		if last != nil {
			f.Fatalf("List went on after an error: %v", last)
		}
		last = err
		cancel()
	}
	f.fails("listing after the context ended", last, context.Canceled)
}

// cancelledWriting cancels one writer of a part and writes the part with another.
func cancelledWriting(f fixture) {
	data := content(1, 1000)
	upload := f.begin(tranship.Spec{Path: "file", Size: new(int64(1000))})
	ctx, cancel := context.WithCancel(f.Context())
	defer cancel()
	writer, err := upload.Part(ctx, 0)
	if err != nil {
		f.Fatalf("Part: %v", err)
	}
	f.write(writer, content(2, 500))
	cancel()
	_, err = writer.Write([]byte("more"))
	f.fails("Write after the context ended", err, context.Canceled)
	writer.Close()
	f.isEmpty()
	f.writePart(upload, 0, data)
	f.commit(upload, data)
	f.has("file", data)
}

// beginContextEnds cancels the contexts of Begin and Part after use. Each governs its own
// call or writer, and not the upload.
func beginContextEnds(f fixture) {
	data := content(1, 1000)
	ctx, cancel := context.WithCancel(f.Context())
	defer cancel()
	upload, err := f.store.Begin(ctx, tranship.Spec{Path: "file"})
	if err != nil {
		f.Fatalf("Begin: %v", err)
	}
	f.cleanUp(upload)
	cancel()
	part, cancelPart := context.WithCancel(f.Context())
	defer cancelPart()
	if err := writePart(part, upload, 0, data); err != nil {
		f.Fatalf("writing after the context of Begin ended: %v", err)
	}
	cancelPart()
	f.commit(upload, data)
	f.has("file", data)
}
