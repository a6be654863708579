package transfer_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/transfer"
)

// exampleStore is what a client.Client would be in a program.
func exampleStore() tranship.Store { return &mem.Store{} }

// localDirectory makes a directory with a file.
func localDirectory(name, content string) (directory string, remove func()) {
	directory, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(directory, name), []byte(content), 0o600); err != nil {
		log.Fatal(err)
	}
	return directory, func() { _ = os.RemoveAll(directory) }
}

func ExampleUpload() {
	ctx, store := context.Background(), exampleStore()
	photos, remove := localDirectory("cat.jpg", "meow")
	defer remove()

	summary, err := transfer.Upload(ctx, store, photos, "2026/photos", transfer.UploadOptions{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(summary.Files, "file,", summary.Bytes, "bytes")

	// The same call again sends what is not there yet.
	summary, err = transfer.Upload(ctx, store, photos, "2026/photos", transfer.UploadOptions{Update: true})
	fmt.Println(summary.Skipped, "skipped,", err)
	// Output:
	// 1 file, 4 bytes
	// 1 skipped, <nil>
}

// The error of a copy of several files names those that failed; the others are there.
func ExampleUpload_failures() {
	ctx, store := context.Background(), exampleStore()
	local, remove := localDirectory("report", "text")
	defer remove()
	if _, err := store.Put(ctx, tranship.Spec{Path: "docs/report/old"}, nil); err != nil {
		log.Fatal(err)
	}

	_, err := transfer.Upload(ctx, store, local, "docs", transfer.UploadOptions{})
	if failed, ok := errors.AsType[*transfer.FailedError](err); ok {
		for _, file := range failed.Files {
			fmt.Println(file.Path, errors.Is(file, tranship.ErrExists))
		}
	}
	// Output: docs/report true
}

func ExampleDownload() {
	ctx, store := context.Background(), exampleStore()
	if _, err := store.Put(ctx, tranship.Spec{Path: "docs/a.txt"}, []byte("text")); err != nil {
		log.Fatal(err)
	}
	local, remove := localDirectory("b.txt", "here before")
	defer remove()

	summary, err := transfer.Download(ctx, store, "docs", local, transfer.DownloadOptions{})
	if err != nil {
		log.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(local, "a.txt"))
	fmt.Println(summary.Files, "file:", string(data), err)
	// Output: 1 file: text <nil>
}

func ExampleNewWriter() {
	ctx, store := context.Background(), exampleStore()

	w, err := transfer.NewWriter(ctx, store, tranship.Spec{Path: "log.txt"})
	if err != nil {
		log.Fatal(err)
	}
	defer w.Abort() // does nothing after Close
	for n := range 3 {
		fmt.Fprintln(w, "line", n) // Close tells of an error
	}
	if err := w.Close(); err != nil { // now it is visible
		log.Fatal(err)
	}
	fmt.Println(w.File().Path, w.File().Size)
	// Output: log.txt 21
}

func ExampleNewReader() {
	ctx, store := context.Background(), exampleStore()
	if _, err := transfer.UploadFrom(ctx, store, strings.NewReader("0123456789"), tranship.Spec{Path: "digits"}); err != nil {
		log.Fatal(err)
	}

	r, err := transfer.NewReader(ctx, store, "digits", transfer.ReaderOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	if _, err := r.Seek(-3, io.SeekEnd); err != nil {
		log.Fatal(err)
	}
	if _, err := io.Copy(os.Stdout, r); err != nil {
		log.Fatal(err)
	}
	// Output: 789
}
