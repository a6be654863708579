package s3_test

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/fakes3"
	"github.com/tranship/tranship/store/s3"
)

// conflicts are the errors of engines for a request that met another one.
var conflicts = []string{"ConditionalRequestConflict", "OperationAborted", "ExistingObjectIsDirectory"}

// TestConflicts has requests meet others, again and again.
func TestConflicts(t *testing.T) {
	for _, code := range conflicts {
		t.Run(code, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				engine := fakes3.New(fakes3.Options{})
				store := near(t, engine, s3.Options{PartSize: part})
				for _, operation := range []string{"PutObject", "DeleteObject", "CompleteMultipartUpload"} {
					engine.Inject(fakes3.Fault{Operation: operation, Times: 3, Status: http.StatusConflict, Code: code})
				}
				work(t, store)
				for _, key := range []string{own + "uploads", own + "changes", own + "attributes"} {
					engine.Inject(fakes3.Fault{Operation: "PutObject", Key: key, Times: 3, Status: http.StatusConflict, Code: code})
				}
				work(t, store)
			})
		})
	}
}

// TestBlockedElsewhere puts a file where another server has made a directory. The engine refuses
// that for good.
func TestBlockedElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := fakes3.New(fakes3.Options{})
		store := near(t, engine, s3.Options{PartSize: part})
		engine.Inject(fakes3.Fault{Operation: "PutObject", Key: "file", Status: http.StatusConflict, Code: "ExistingObjectIsDirectory"})
		if _, err := store.Put(t.Context(), tranship.Spec{Path: "file"}, nil); !errors.Is(err, tranship.ErrExists) {
			t.Fatalf("Put: %v, want ErrExists", err)
		}
		if n := engine.Requests()["PutObject"]; n > 40 {
			t.Errorf("the store has made %d requests to put one file", n)
		}
		engine.Heal()
	})
}
