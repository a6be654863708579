package s3_test

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/fakes3"
	"github.com/tranship/tranship/store/s3"
	"github.com/tranship/tranship/store/storetest"
)

func TestTailKeeper(t *testing.T) {
	for name, engine := range map[string]fakes3.Options{
		"best":     {},
		"degraded": {NoConditionalComplete: true, NoConditionalDelete: true, NoChecksum: true, FalseComplete: true, Unquoted: true},
	} {
		t.Run(name, func(t *testing.T) {
			storetest.TestTailKeeper(t, func(t *testing.T) tranship.Store {
				return open(t, fakes3.New(engine).Start(t), s3.Options{PartSize: odd, AcceptRaces: true})
			})
		})
	}
}

// closeTail writes data to a writer, and ends it with a tail.
func closeTail(t *testing.T, w tranship.PartWriter, data []byte) error {
	t.Helper()
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	keeper, ok := tranship.As[tranship.TailWriter](w)
	if !ok {
		t.Fatalf("%T is no TailWriter", w)
	}
	return keeper.CloseTail()
}

// keepTail makes the bytes of part n up to end a tail of the upload.
func keepTail(t *testing.T, upload tranship.Upload, n int, data []byte, end int) error {
	t.Helper()
	w, err := upload.Part(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	return closeTail(t, w, data[n*part:end])
}

// continued returns the writer that continues the tail.
func continued(t *testing.T, upload tranship.Upload) (tranship.PartWriter, error) {
	t.Helper()
	return upload.(tranship.TailKeeper).ContinuePart(t.Context())
}

// continueTail writes the bytes of the part of the tail up to end.
func continueTail(t *testing.T, upload tranship.Upload, data []byte, end int) error {
	t.Helper()
	tail := upload.(tranship.TailKeeper).Tail()
	w, err := continued(t, upload)
	if err != nil {
		t.Fatalf("ContinuePart: %v", err)
	}
	return closeTail(t, w, data[tail.Offset+tail.Length:end])
}

// hasTail checks that the tail of an upload has the bytes from first up to end; none if they are
// equal.
func hasTail(t *testing.T, upload tranship.Upload, data []byte, first, end int) {
	t.Helper()
	tail := upload.(tranship.TailKeeper).Tail()
	if first == end {
		if tail.Length != 0 {
			t.Errorf("the upload has the tail %+v, want none", tail)
		}
		return
	}
	if tail.Offset != int64(first) || tail.Length != int64(end-first) || tail.CRC32C == nil || *tail.CRC32C != tranship.CRC32C(data[first:end]) {
		t.Errorf("the upload has the tail %+v, want %d bytes from %d", tail, end-first, first)
	}
}

// keepsTails checks how many objects of tails are in the bucket.
func keepsTails(t *testing.T, engine *fakes3.Server, want int) {
	t.Helper()
	if objects, _ := engine.Keys(own + "tails/"); objects != want {
		t.Errorf("there are %d objects of tails in the bucket, want %d", objects, want)
	}
}

// TestTailOfAnotherServer has two servers continue each other's tails, and counts the requests.
func TestTailOfAnotherServer(t *testing.T) {
	for name, features := range map[string]fakes3.Options{
		"best":     {},
		"degraded": {NoConditionalComplete: true, NoConditionalDelete: true, NoChecksum: true, FalseComplete: true, Unquoted: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				engine := fakes3.New(features)
				options := s3.Options{PartSize: part, AcceptRaces: true}
				stores := []*s3.Store{near(t, engine, options), near(t, engine, options)}
				data := random(1, 2*part+500)
				upload := begin(t, stores[0], "file", "key", data)
				writePart(t, upload, 0, data)
				synctest.Wait() // the engine has the part, and the tail makes it durable
				if err := keepTail(t, upload, 1, data, part+100); err != nil {
					t.Fatal(err)
				}
				hasTail(t, upload, data, part, part+100)
				for i, step := range []struct{ end, gets, removals, objects int }{
					{part + 101, 1, 0, 2},
					{part + 700, 2, 1, 2}, // the object with one byte is stored again with what follows it
					{part + 999, 2, 0, 3},
				} {
					upload = begin(t, stores[(i+1)%2], "file", "key", data)
					before := engine.Requests()
					if err := continueTail(t, upload, data, step.end); err != nil {
						t.Fatal(err)
					}
					after := engine.Requests()
					did := func(operation string) int { return after[operation] - before[operation] }
					if did("PutObject") != 2 || did("GetObject") != step.gets || did("DeleteObject") != step.removals {
						t.Errorf("to continue a tail took %d puts, %d gets and %d removals, want 2, %d and %d",
							did("PutObject"), did("GetObject"), did("DeleteObject"), step.gets, step.removals)
					}
					hasTail(t, upload, data, part, step.end)
					keepsTails(t, engine, step.objects)
				}
				if err := continueTail(t, upload, data, 2*part); err != nil {
					t.Fatal(err)
				}
				hasTail(t, upload, data, 0, 0)
				if err := upload.Sync(t.Context()); err != nil {
					t.Fatal(err)
				}
				keepsTails(t, engine, 0)
				if err := keepTail(t, upload, 2, data, 2*part+1); err != nil {
					t.Fatal(err)
				}
				upload = begin(t, stores[0], "file", "key", data)
				if got := len(upload.Durable()); got != 2 {
					t.Errorf("the upload has %d durable parts, want 2 without that of the tail", got)
				}
				if err := continueTail(t, upload, data, len(data)); err != nil {
					t.Fatal(err)
				}
				commit(t, upload, data)
				has(t, stores[1], "file", data)
				keepsTails(t, engine, 0)
			})
		})
	}
}

// TestTailIsDropped checks what removes a tail from the bucket.
func TestTailIsDropped(t *testing.T) {
	data := random(1, 3*part)
	for name, drop := range map[string]func(t *testing.T, store *s3.Store, upload tranship.Upload) error{
		"abort": func(t *testing.T, _ *s3.Store, upload tranship.Upload) error { return upload.Abort(t.Context()) },
		"abort by its ID": func(t *testing.T, store *s3.Store, upload tranship.Upload) error {
			return store.AbortUpload(t.Context(), upload.ID())
		},
		"the part, begun": func(t *testing.T, _ *s3.Store, upload tranship.Upload) error {
			_, err := upload.Part(t.Context(), 1)
			return err
		},
		"the part, copied": func(t *testing.T, _ *s3.Store, upload tranship.Upload) error {
			return upload.CopyPart(t.Context(), 1, "source", tranship.OpenOptions{})
		},
		"commit": func(t *testing.T, _ *s3.Store, upload tranship.Upload) error {
			writeParts(t, upload, data)
			_, err := upload.Commit(t.Context(), tranship.Commit{Size: 3 * part})
			return err
		},
		"expiry": func(_ *testing.T, _ *s3.Store, _ tranship.Upload) error { time.Sleep(80 * time.Hour); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				engine := fakes3.New(fakes3.Options{})
				store := near(t, engine, s3.Options{PartSize: part, UploadExpiry: 72 * time.Hour})
				if _, err := store.Put(t.Context(), tranship.Spec{Path: "source"}, data); err != nil {
					t.Fatal(err)
				}
				upload := begin(t, store, "file", "key", data)
				if err := keepTail(t, upload, 2, data, 2*part+10); err != nil {
					t.Fatal(err)
				}
				if err := keepTail(t, upload, 1, data, part+10); err != nil { // in place of the other
					t.Fatal(err)
				}
				keepsTails(t, engine, 1)
				if err := drop(t, store, upload); err != nil {
					t.Fatal(err)
				}
				hasTail(t, upload, data, 0, 0)
				keepsTails(t, engine, 0)
				if _, err := continued(t, upload); err == nil {
					t.Error("ContinuePart of a tail that was dropped succeeded")
				}
			})
		})
	}
}

// TestTailFailures has the engine fail while a tail is kept or continued. The upload has the earlier
// tail then, or none.
func TestTailFailures(t *testing.T) {
	denied := fakes3.Fault{Status: http.StatusForbidden, Code: "AccessDenied", Times: 1}
	for name, fault := range map[string]fakes3.Fault{
		"the tail":                           {Operation: "PutObject", Key: own + "tails/"},
		"the session":                        {Operation: "PutObject", Key: own + "uploads/"},
		"the session, after the change":      {Operation: "PutObject", Key: own + "uploads/", Done: true},
		"the removal of the tail before":     {Operation: "DeleteObject", Key: own + "tails/"},
		"the tail before, when it is read":   {Operation: "GetObject", Key: own + "tails/"},
		"the tail before, when it is looked": {Operation: "HeadObject", Key: own + "tails/"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				engine := fakes3.New(fakes3.Options{})
				store, other := near(t, engine, s3.Options{PartSize: part, Memory: part}), near(t, engine, s3.Options{PartSize: part})
				data := random(1, part)
				upload := begin(t, store, "file", "key", data)
				if err := keepTail(t, upload, 0, data, 100); err != nil {
					t.Fatal(err)
				}
				fault.Status, fault.Code, fault.Times = denied.Status, denied.Code, 1
				engine.Inject(fault)
				w, err := continued(t, upload)
				if err == nil {
					err = closeTail(t, w, data[100:200])
				}
				end := 200
				if err != nil {
					if end = 100; !errors.Is(err, tranship.ErrDenied) {
						t.Fatalf("the failure is %v, want ErrDenied", err)
					}
				}
				hasTail(t, upload, data, 0, end)
				for upload, err = other.Begin(t.Context(), tranship.Spec{Path: "file", Size: new(int64(part)), ResumeKey: "key"}); err != nil; {
					upload, err = other.Begin(t.Context(), tranship.Spec{Path: "file", Size: new(int64(part)), ResumeKey: "key"})
				}
				if fault.Done {
					end = 0 // the session has the name of one that does not count
				}
				hasTail(t, upload, data, 0, end)
				if end == 0 {
					writePart(t, upload, 0, data)
				} else if err := continueTail(t, upload, data, part); err != nil {
					t.Fatal(err)
				}
				commit(t, upload, data)
				has(t, store, "file", data)
			})
		})
	}
}

// TestLateTail has a tail of one server arrive after another has taken over the upload, and kept a
// longer one.
func TestLateTail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := fakes3.New(fakes3.Options{})
		one, two := near(t, engine, s3.Options{PartSize: part}), near(t, engine, s3.Options{PartSize: part})
		data, stale := random(1, part), random(2, part)
		older := begin(t, one, "file", "key", data)
		held, late := make(chan struct{}), make(chan error)
		engine.Inject(fakes3.Fault{Operation: "PutObject", Key: own + "tails/", Times: 1, Before: func() { <-held }})
		go func() { late <- keepTail(t, older, 0, stale, 50) }()
		synctest.Wait()
		upload := begin(t, two, "file", "key", data)
		if err := keepTail(t, upload, 0, data, 100); err != nil {
			t.Fatal(err)
		}
		close(held)
		if err := <-late; !errors.Is(err, tranship.ErrAborted) {
			t.Fatalf("CloseTail of the server that has lost the upload: %v, want ErrAborted", err)
		}
		keepsTails(t, engine, 1)
		upload = begin(t, one, "file", "key", data)
		hasTail(t, upload, data, 0, 100)
		if err := continueTail(t, upload, data, part); err != nil {
			t.Fatal(err)
		}
		commit(t, upload, data)
		has(t, one, "file", data)
	})
}

// TestReplacedTail begins a part again while its tail is on its way.
func TestReplacedTail(t *testing.T) {
	for _, key := range []string{own + "tails/", own + "uploads/"} {
		synctest.Test(t, func(t *testing.T) {
			engine := fakes3.New(fakes3.Options{})
			store := near(t, engine, s3.Options{PartSize: part, Memory: 2 * part})
			data := random(1, part)
			upload := begin(t, store, "file", "key", data)
			late := make(chan error)
			engine.Inject(fakes3.Fault{Operation: "PutObject", Key: key, Times: 1, Before: func() { time.Sleep(time.Second) }})
			go func() { late <- keepTail(t, upload, 0, data, 50) }()
			synctest.Wait()
			writePart(t, upload, 0, data)
			if err := <-late; err != nil && !errors.Is(err, tranship.ErrAborted) {
				t.Fatalf("CloseTail of the older writer: %v, want ErrAborted", err)
			}
			hasTail(t, upload, data, 0, 0)
			commit(t, upload, data)
			has(t, store, "file", data)
			time.Sleep(30 * time.Hour) // the engine may get a tail after its removal
			keepsTails(t, engine, 0)
		})
	}
}

// TestWrongTail has the bytes of a tail change in the bucket, or their object vanish.
func TestWrongTail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := fakes3.New(fakes3.Options{})
		store := near(t, engine, s3.Options{PartSize: part, Memory: part})
		data := random(1, part)
		upload := begin(t, store, "file", "key", data)
		if err := keepTail(t, upload, 0, data, 100); err != nil {
			t.Fatal(err)
		}
		engine.Damage("") // the session as well, which is not read again
		if _, err := continued(t, upload); !errors.Is(err, tranship.ErrIntegrity) {
			t.Fatalf("ContinuePart of a tail that was changed: %v, want ErrIntegrity", err)
		}
		hasTail(t, upload, data, 0, 0)
		if _, err := continued(t, upload); !errors.Is(err, tranship.ErrNotFound) {
			t.Fatalf("ContinuePart without a tail: %v, want ErrNotFound", err)
		}
		if err := keepTail(t, upload, 0, data, 200); err != nil {
			t.Fatal(err)
		}
		if err := continueTail(t, upload, data, part); err != nil {
			t.Fatal(err)
		}
		commit(t, upload, data)
	})
}

// TestJoinedTail has an upload that has joined keep a tail, which the other one continues.
func TestJoinedTail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := fakes3.New(fakes3.Options{})
		one, two := near(t, engine, s3.Options{PartSize: part}), near(t, engine, s3.Options{PartSize: part})
		data := random(1, 2*part)
		upload := begin(t, one, "file", "key", data)
		writePart(t, upload, 0, data)
		if err := keepTail(t, upload, 1, data, part+10); err != nil {
			t.Fatal(err)
		}
		joined := join(t, two, upload)
		hasTail(t, joined, data, part, part+10)
		if err := continueTail(t, joined, data, part+20); err != nil {
			t.Fatal(err)
		}
		if err := upload.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		hasTail(t, upload, data, part, part+20)
		if err := continueTail(t, joined, data, part+30); err != nil {
			t.Fatal(err)
		}
		w, err := continued(t, upload) // it asks for the latest tail
		if err != nil {
			t.Fatal(err)
		}
		if err := closeTail(t, w, data[part+30:]); err != nil {
			t.Fatal(err)
		}
		commit(t, upload, data)
		has(t, two, "file", data)
		keepsTails(t, engine, 0)
	})
}

// TestTailSweep has the sweep remove the tails that no session has, and no others.
func TestTailSweep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := fakes3.New(fakes3.Options{})
		store := near(t, engine, s3.Options{PartSize: part})
		data := random(1, part)
		upload := begin(t, store, "file", "key", data)
		for _, end := range []int{10, 20} {
			engine.Inject(fakes3.Fault{Operation: "DeleteObject", Times: 1, Status: http.StatusForbidden, Code: "AccessDenied"})
			if err := keepTail(t, upload, 0, data, end); err != nil {
				t.Fatal(err)
			}
		}
		keepsTails(t, engine, 2)
		if err := store.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		keepsTails(t, engine, 2)
		time.Sleep(30 * time.Hour)
		keepsTails(t, engine, 1)
		if err := continueTail(t, upload, data, part); err != nil {
			t.Fatal(err)
		}
		commit(t, upload, data)
	})
}
