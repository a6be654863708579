package tranship_test

import (
	"bytes"
	"context"
	"fmt"
	"log"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/mem"
)

// An upload with a ResumeKey continues with the missing parts, after the checksums of its
// durable parts have been compared with the source. Package transfer does this, and more.
func Example_resume() {
	ctx := context.Background()
	store := &mem.Store{PartSize: 1000}
	source := bytes.Repeat([]byte("0123456789"), 250)
	spec := tranship.Spec{Path: "large", Size: new(int64(len(source))), ResumeKey: "host:/data/large"}

	upload, err := store.Begin(ctx, spec)
	if err != nil {
		log.Fatal(err)
	}
	if err := writePart(ctx, upload, 1, source[1000:2000]); err != nil {
		log.Fatal(err)
	}
	if err := upload.Detach(ctx); err != nil { // simulates the end of the process
		log.Fatal(err)
	}

	upload, err = store.Begin(ctx, spec)
	if err != nil {
		log.Fatal(err)
	}
	defer upload.Abort(ctx) // does nothing after Commit
	proved := make(map[int]bool)
	for _, r := range upload.Durable() {
		if *r.CRC32C == tranship.CRC32C(source[r.Offset:r.Offset+r.Length]) {
			proved[int(r.Offset/upload.PartSize())] = true
		}
	}
	for n := 0; int64(n)*upload.PartSize() < int64(len(source)); n++ {
		if proved[n] {
			fmt.Println("part", n, "is there")
			continue
		}
		offset := int64(n) * upload.PartSize()
		end := min(offset+upload.PartSize(), int64(len(source)))
		if err := writePart(ctx, upload, n, source[offset:end]); err != nil {
			log.Fatal(err)
		}
		fmt.Println("part", n, "sent")
	}
	crc := tranship.CRC32C(source)
	file, err := upload.Commit(ctx, tranship.Commit{Size: int64(len(source)), CRC32C: &crc})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(file.Path, file.Size, "epoch", upload.Epoch())
	// Output:
	// part 0 sent
	// part 1 is there
	// part 2 sent
	// large 2500 epoch 2
}

func writePart(ctx context.Context, upload tranship.Upload, n int, data []byte) error {
	writer, err := upload.Part(ctx, n)
	if err != nil {
		return err
	}
	if _, err := writer.Write(data); err != nil {
		writer.Close() // what Write met is what matters
		return err
	}
	return writer.Close()
}
