package tranship_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"strconv"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/mem"
)

// Several clients count the downloads of a file in its metadata, without losing the
// updates of each other.
func ExampleFile_Revision() {
	ctx := context.Background()
	store := new(mem.Store) // or a client
	if _, err := store.Put(ctx, tranship.Spec{Path: "report"}, []byte("content")); err != nil {
		log.Fatal(err)
	}
	count := func() error {
		for {
			file, err := store.Stat(ctx, "report")
			if err != nil {
				return err
			}
			n, _ := strconv.Atoi(file.Metadata["downloads"])
			metadata := maps.Clone(file.Metadata)
			if metadata == nil {
				metadata = map[string]string{}
			}
			metadata["downloads"] = strconv.Itoa(n + 1)
			_, err = store.SetAttributes(ctx, "report", tranship.Attributes{Metadata: metadata},
				tranship.Precondition{MustMatchRevision: file.Revision()})
			if !errors.Is(err, tranship.ErrPrecondition) {
				return err
			}
			// Another client has changed the file since Stat.
		}
	}
	for range 3 {
		if err := count(); err != nil {
			log.Fatal(err)
		}
	}
	file, err := store.Stat(ctx, "report")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(file.Metadata["downloads"])
	// Output: 3
}

// A digest is known only after all bytes have been sent, so Commit sets it.
func ExampleCommit() {
	ctx := context.Background()
	store := new(mem.Store) // or a client
	upload, err := store.Begin(ctx, tranship.Spec{Path: "report"})
	if err != nil {
		log.Fatal(err)
	}
	part, err := upload.Part(ctx, 0)
	if err != nil {
		log.Fatal(err)
	}
	digest := sha256.New()
	size, err := io.WriteString(io.MultiWriter(part, digest), "content")
	if err == nil {
		err = part.Close()
	}
	if err != nil {
		log.Fatal(errors.Join(err, upload.Abort(ctx)))
	}
	file, err := upload.Commit(ctx, tranship.Commit{
		Size:       int64(size),
		Attributes: tranship.Attributes{Metadata: map[string]string{"sha256": hex.EncodeToString(digest.Sum(nil))}},
	})
	if err != nil {
		log.Fatal(errors.Join(err, upload.Abort(ctx)))
	}
	fmt.Println(file.Metadata["sha256"][:16])
	// Output: ed7002b439e9ac84
}
