package s3_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/fakes3"
	"github.com/tranship/tranship/store/s3"
	"github.com/tranship/tranship/store/storetest"
)

// TestUploadJoiner runs the tests on the best engine and on one that lacks all that the store can
// do without.
func TestUploadJoiner(t *testing.T) {
	for name, engine := range map[string]fakes3.Options{
		"best":     {},
		"degraded": {NoConditionalComplete: true, NoConditionalDelete: true, NoChecksum: true, FalseComplete: true, Unquoted: true},
	} {
		t.Run(name, func(t *testing.T) {
			storetest.TestUploadJoiner(t, func(t *testing.T, n int) []tranship.Store {
				endpoint := fakes3.New(engine).Start(t)
				var stores []tranship.Store
				for range n {
					stores = append(stores, open(t, endpoint, s3.Options{PartSize: odd, AcceptRaces: true}))
				}
				return stores
			})
		})
	}
}

// join joins an upload.
func join(t *testing.T, store *s3.Store, upload tranship.Upload) tranship.Upload {
	t.Helper()
	joined, _, err := store.JoinUpload(t.Context(), upload.ID(), upload.Epoch())
	if err != nil {
		t.Fatalf("JoinUpload: %v", err)
	}
	return joined
}

// TestJoinedLatePart has a part of one server arrive after a newer writer at another server has
// made the part durable. The commit must not have the late bytes, and the upload must be able
// to go on.
func TestJoinedLatePart(t *testing.T) {
	for name, late := range map[string]bool{"of the guest": true, "of the one that commits": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				engine := fakes3.New(fakes3.Options{})
				one, two := near(t, engine, s3.Options{PartSize: part}), near(t, engine, s3.Options{PartSize: part})
				data, stale := random(1, 3*part), random(2, 3*part)
				upload := begin(t, one, "file", "key", data)
				joined := join(t, two, upload)
				older, newer := upload, joined
				if late {
					older, newer = joined, upload
				}
				held := make(chan struct{})
				engine.Inject(fakes3.Fault{Operation: "UploadPart", Times: 1, Before: func() { <-held }})
				writePart(t, older, 1, stale)
				synctest.Wait()
				writeParts(t, newer, data)
				if err := newer.Sync(t.Context()); err != nil {
					t.Fatal(err)
				}
				close(held)
				synctest.Wait()
				if err := older.Sync(t.Context()); err != nil {
					t.Fatalf("Sync of the older writer's upload: %v", err)
				}
				// The engine has the late bytes now, and not those of the newer writer.
				_, err := upload.Commit(t.Context(), tranship.Commit{Size: 3 * part})
				if !errors.Is(err, tranship.ErrUnavailable) {
					t.Fatalf("Commit with a part that was written again: %v, want ErrUnavailable", err)
				}
				resumed := begin(t, two, "file", "key", data)
				for _, r := range resumed.Durable() {
					if want := tranship.CRC32C(data[r.Offset : r.Offset+r.Length]); *r.CRC32C != want {
						writePart(t, resumed, int(r.Offset/part), data)
					}
				}
				commit(t, resumed, data)
				has(t, one, "file", data)
			})
		})
	}
}

// TestJoinedByMany writes each part at another server, and syncs all at the same time.
func TestJoinedByMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := fakes3.New(fakes3.Options{})
		const servers = 8
		data := random(1, 2*servers*part)
		upload := begin(t, near(t, engine, s3.Options{PartSize: part}), "file", "key", data)
		errs := make(chan error)
		for n := range servers {
			joined := join(t, near(t, engine, s3.Options{PartSize: part}), upload)
			go func() {
				err := errors.Join(writeOne(t, joined, n, data), joined.Sync(t.Context()))
				err = errors.Join(err, writeOne(t, joined, servers+n, data), joined.Sync(t.Context()))
				errs <- errors.Join(err, joined.Detach(t.Context()))
			}()
		}
		for range servers {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		commit(t, upload, data)
		has(t, near(t, engine, s3.Options{PartSize: part}), "file", data)
	})
}

// writeOne is writePart for any goroutine.
func writeOne(t *testing.T, upload tranship.Upload, n int, data []byte) error {
	w, err := upload.Part(t.Context(), n)
	if err != nil {
		return err
	}
	if _, err := w.Write(data[n*part : (n+1)*part]); err != nil {
		return err
	}
	return w.Close()
}

// TestJoinedOfDeadServer joins an upload whose server does not come back. What was synced there
// and here is there when the upload is resumed.
func TestJoinedOfDeadServer(t *testing.T) {
	for _, checksums := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			engine := fakes3.New(fakes3.Options{NoChecksum: !checksums})
			dies, lives := near(t, engine, s3.Options{PartSize: part}), near(t, engine, s3.Options{PartSize: part})
			data := random(1, 4*part)
			upload := begin(t, dies, "file", "key", data)
			writePart(t, upload, 0, data)
			joined := join(t, lives, upload)
			writePart(t, joined, 1, data)
			for _, u := range []tranship.Upload{upload, joined} {
				if err := u.Sync(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			resumed := begin(t, lives, "file", "key", data)
			if durable := resumed.Durable(); len(durable) != 2 {
				t.Fatalf("the resumed upload has %d parts, want 2", len(durable))
			}
			if err := joined.Sync(t.Context()); !errors.Is(err, tranship.ErrAborted) {
				t.Fatalf("Sync of an upload whose epoch has ended: %v, want ErrAborted", err)
			}
			writePart(t, resumed, 2, data)
			writePart(t, resumed, 3, data)
			commit(t, resumed, data)
			has(t, lives, "file", data)
		})
	}
}

// TestJoinedLostReplies loses the reply of each kind of request of an upload that has joined.
func TestJoinedLostReplies(t *testing.T) {
	for _, operation := range []string{"PutObject", "GetObject", "HeadObject", "ListParts", "UploadPart"} {
		t.Run(operation, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				engine := fakes3.New(fakes3.Options{})
				one, two := near(t, engine, s3.Options{PartSize: part}), near(t, engine, s3.Options{PartSize: part})
				data := random(1, 3*part)
				upload := begin(t, one, "file", "key", data)
				for round := range 3 {
					engine.Inject(fakes3.Fault{Operation: operation, Skip: round, Times: 1, Done: true})
				}
				joined := join(t, two, upload)
				writePart(t, joined, 0, data)
				writePart(t, upload, 1, data)
				writePart(t, joined, 2, data)
				for _, u := range []tranship.Upload{upload, joined} {
					if err := u.Sync(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				commit(t, upload, data)
				has(t, one, "file", data)
			})
		})
	}
}
