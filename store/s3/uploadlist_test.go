package s3_test

import (
	"testing"
	"testing/synctest"

	"github.com/tranship/tranship/internal/testing/fakes3"
	"github.com/tranship/tranship/store/s3"
)

// TestUploadOfManyParts lists an upload whose session has many parts, because the engine does not
// tell their checksums.
func TestUploadOfManyParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := fakes3.New(fakes3.Options{NoChecksum: true})
		store := near(t, engine, s3.Options{PartSize: part})
		data := random(1, 40*part)
		upload := begin(t, store, "file", "key", data)
		for n := range 30 {
			writePart(t, upload, n, data)
		}
		if err := upload.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		for info, err := range store.ListUploads(t.Context(), "") {
			if err != nil || info.DurableBytes != 30*part || info.ID != upload.ID() {
				t.Errorf("the upload is listed as %+v, %v, want %d durable bytes", info, err, 30*part)
			}
		}
	})
}
