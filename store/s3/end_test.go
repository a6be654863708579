package s3_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/fakes3"
	"github.com/tranship/tranship/store/s3"
)

// TestEndKeepsParts ends an upload while the engine has none of its parts yet. The next epoch has
// those whose writers were closed.
func TestEndKeepsParts(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, upload tranship.Upload) error{
		"Detach":          func(t *testing.T, upload tranship.Upload) error { return upload.Detach(t.Context()) },
		"the next upload": func(*testing.T, tranship.Upload) error { return nil },
	} {
		for _, features := range []fakes3.Options{{}, {NoChecksum: true}} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					engine := fakes3.New(features)
					store := near(t, engine, s3.Options{PartSize: part})
					data := random(1, 4*part)
					upload := begin(t, store, "file", "key", data)
					engine.Inject(fakes3.Fault{Operation: "HeadObject", Key: own, Before: func() { time.Sleep(time.Second) }})
					engine.Inject(fakes3.Fault{Operation: "UploadPart", Before: func() { time.Sleep(time.Second) }})
					for n := range 3 {
						writePart(t, upload, n, data)
					}
					open, err := upload.Part(t.Context(), 3)
					if err != nil {
						t.Fatal(err)
					}
					if _, err := open.Write(data[3*part : 3*part+10]); err != nil {
						t.Fatal(err)
					}
					if err := end(t, upload); err != nil {
						t.Fatal(err)
					}
					upload = begin(t, store, "file", "key", data)
					if n := len(upload.Durable()); n != 3 {
						t.Errorf("%d parts are durable, want the 3 whose writers were closed", n)
					}
					if err := open.Close(); err == nil {
						t.Error("the writer of an upload that has ended was closed without an error")
					}
					writePart(t, upload, 3, data)
					commit(t, upload, data)
					has(t, store, "file", data)
				})
			})
		}
	}
}
