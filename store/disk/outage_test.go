//go:build linux

package disk

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/tranship/tranship"
)

// promise is what the store must guarantee after a crash.
type promise struct {
	path string
	spec tranship.Spec
	// old is the content of the file before; nil if it did not exist. content is the new one.
	old, content []byte
	// closing is set once Commit was called, committed once it has returned.
	closing, committed bool
	// durable has the parts that were reported as durable and not begun again since.
	durable map[int]uint32
	// aborted is set once Abort has returned: then nothing may be left to resume.
	aborted bool
	// metadata is the metadata of the file, if it is known.
	metadata map[string]string
}

// check opens what is left of a store in a directory, checks the promise, and continues the
// upload.
func (p promise) check(t *testing.T, name, directory string) {
	system := unsynced()
	system.boot = func() string { return "after the crash" }
	store, err := open(directory, small, system)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	defer store.Close()
	defer func() {
		if t.Failed() {
			t.Log(name)
		}
	}()
	f := fixture{T: t, directory: directory, Store: store}.withTinyParts()
	read, err := f.read(p.path)
	isOld := p.old == nil && err != nil || err == nil && p.old != nil && read == string(p.old)
	isNew := err == nil && read == string(p.content)
	switch {
	case p.committed && !isNew:
		t.Errorf("%s: a file that was committed has %d bytes that differ, or %v", name, len(read), err)
	case !p.closing && !isOld:
		t.Errorf("%s: before a commit the file has %d bytes that differ, or %v", name, len(read), err)
	case !isOld && !isNew:
		t.Errorf("%s: the file is neither the old nor the new one: %d bytes, %v", name, len(read), err)
	}
	if p.metadata != nil {
		if file, err := store.Stat(t.Context(), p.path); err != nil || !maps.Equal(file.Metadata, p.metadata) {
			t.Errorf("%s: the file has metadata %v, want %v, or %v", name, file.Metadata, p.metadata, err)
		}
	}
	u := f.begin(p.spec)
	got := durable(u)
	if p.aborted && (u.Epoch() > 1 || len(got) > 0) {
		t.Errorf("%s: an upload that was aborted is resumed with the parts %v", name, got)
	}
	if !p.committed {
		for n, crc := range p.durable {
			if have, ok := got[n]; !ok || have != crc {
				t.Errorf("%s: part %d was durable with %08x and is now %08x, %v", name, n, crc, have, ok)
			}
		}
	}
	f.finish(u, p.path, p.content)
	if left := f.uploads(); len(left) > 1 {
		t.Errorf("%s: left after the commit are %q", name, left)
	}
}

// outage is a store whose power fails after every operation of an upload.
type outage struct {
	fixture
	*powerLoss
	// now is what the store must guarantee after a crash at this moment.
	now     promise
	crashes int
	scratch string
	// check checks what is left in a directory: the promise, unless a test has replaced it.
	check func(name, directory string)
}

func newOutage(t *testing.T, directory string) *outage {
	t.Helper()
	p := newPowerLoss(directory)
	o := &outage{powerLoss: p, scratch: t.TempDir()}
	o.fixture = fixture{T: t, directory: directory}.open(small, p.system()).withTinyParts()
	o.check = func(name, directory string) { o.now.check(t, name, directory) }
	p.watch(o.Store)
	p.files = p.current()
	p.crashed = o.crash
	return o
}

// crash checks every state that may be left if the power fails after an operation.
func (o *outage) crash(operation string) {
	if o.Failed() {
		return
	}
	for _, synced := range []bool{true, false} {
		for survivor, survive := range survivals() {
			o.crashes++
			name := fmt.Sprintf("crash %d after %s, synced names %v, surviving %s", o.crashes, operation, synced, survivor)
			directory := filepath.Join(o.scratch, "crash")
			if err := o.rebuild(directory, synced, survive); err != nil {
				o.Fatal(err)
			}
			o.check(name, directory)
			if err := os.RemoveAll(directory); err != nil {
				o.Fatal(err)
			}
		}
	}
}

// resume begins or resumes the upload.
func (o *outage) resume() *upload {
	u := o.begin(o.now.spec)
	o.now.durable = durable(u)
	o.after("the reply to a begin", "")
	return u
}

// rewrite writes parts, which are not durable any more then.
func (o *outage) rewrite(u tranship.Upload, content []byte, parts ...int) {
	for _, n := range parts {
		o.now.durable = maps.Clone(o.now.durable)
		delete(o.now.durable, n)
		o.write(u, content, n)
	}
}

func (o *outage) report(u tranship.Upload) {
	o.fixture.sync(u)
	o.now.durable = durable(u)
	o.after("the reply to a sync", "")
}

func (o *outage) commit(u tranship.Upload) {
	o.now.closing = true
	o.finish(u, o.now.path, o.now.content)
	o.now.committed = true
	o.after("the reply to a commit", "")
}

func (o *outage) has(u tranship.Upload, parts ...int) {
	o.Helper()
	if got := slices.Sorted(maps.Keys(durable(u))); !slices.Equal(got, parts) {
		o.Fatalf("resumed with the parts %v, want %v", got, parts)
	}
}

// The power fails after every single operation of an upload. Data that was not synced survives
// or not, in several ways.
func TestPowerLoss(t *testing.T) {
	t.Parallel()
	synctest.Test(t, losePower)
}

func losePower(t *testing.T) {
	o := newOutage(t, t.TempDir())
	content, other := noise(1, 4*tiny-100), noise(2, 4*tiny-100)
	o.now = promise{path: "a/b/file", spec: resumable("a/b/file", content), content: content}
	u := o.resume()
	o.rewrite(u, other, 0)
	o.report(u)
	o.rewrite(u, content, 2, 3)
	o.report(u)
	o.rewrite(u, content, 0) // void
	o.now.spec.Precondition.MustNotExist = true
	u = o.resume() // while the older epoch is open
	o.has(u, 0, 2, 3)
	o.rewrite(u, other, 2)
	o.detach(u)
	u = o.resume()
	o.rewrite(u, content, 2, 1)
	o.commit(u)

	u = o.resume() // the reply was lost
	o.commit(u)
	u = o.resume()
	o.now.spec.Precondition.MustNotExist = false
	if err := u.Abort(t.Context()); err != nil { // forgets the commit
		t.Fatal(err)
	}

	o.now = promise{path: o.now.path, spec: resumable(o.now.path, other), old: content, content: other}
	o.now.spec.ResumeKey = "other"
	u = o.resume()
	o.rewrite(u, other, 1, 0)
	o.report(u)
	o.now.durable = nil
	if err := u.Abort(t.Context()); err != nil {
		t.Fatal(err)
	}
	o.now.aborted = true
	o.after("the reply to an abort", "")
	o.now.aborted = false
	u = o.resume()
	o.rewrite(u, other, 0)
	o.commit(u)
	if o.crashes < 1000 {
		t.Errorf("only %d crashes", o.crashes)
	}
}

// A file that was not synced becomes durable, with its new attributes, when the same upload is
// repeated.
func TestPowerLossAfterRepeatedCommit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, losePowerAfterRepetition)
}

func losePowerAfterRepetition(t *testing.T) {
	o := newOutage(t, t.TempDir())
	content := noise(1, 2*tiny-100)
	o.now = promise{path: "a/b/file", spec: resumable("a/b/file", content), content: content}
	o.now.spec.Durability = tranship.DurabilityWritten
	o.crashed = nil // nothing is guaranteed
	o.commit(o.resume())
	o.now.spec.Durability = tranship.DurabilityDurable
	o.commit(o.resume())
	o.crashed = o.crash
	o.after("the reply to a commit", "")

	for _, metadata := range []map[string]string{{"key": "value"}, {"key": "another"}, {}} {
		o.now.spec.Attributes.Metadata, o.now.metadata = metadata, nil
		o.commit(o.resume())
		o.now.metadata = metadata
		o.after("the reply to a repeated commit", "")
	}
	if o.crashes < 100 {
		t.Errorf("only %d crashes", o.crashes)
	}
}

// The power fails again after a power loss, when the journal is torn and was not synced since.
func TestPowerLossAfterPowerLoss(t *testing.T) {
	t.Parallel()
	synctest.Test(t, losePowerAgain)
}

func losePowerAgain(t *testing.T) {
	content, other := noise(1, 4*tiny-100), noise(2, 4*tiny-100)
	spec := resumable("file", content)
	spec.Durability = tranship.DurabilityWritten
	f := newFixture(t, small, unsynced()).withTinyParts()
	u := f.begin(spec)
	f.write(u, content, 0, 1)
	f.write(u, other, 2)
	f.detach(u)
	if err := f.Store.Close(); err != nil {
		t.Fatal(err)
	}
	for name, tail := range map[string]string{"": "damage", ".journal": "\x00\x09torn"} {
		file, err := os.OpenFile(f.at(uploadsDirectory+"/"+u.ID()+name), os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if name != "" {
			_, err = file.Seek(0, io.SeekEnd)
		}
		if err == nil {
			_, err = file.WriteString(tail)
		}
		if err := errors.Join(err, file.Close()); err != nil {
			t.Fatal(err)
		}
	}

	o := newOutage(t, f.directory)
	o.now = promise{path: "file", spec: resumable("file", content), content: content}
	u = o.resume()
	o.has(u, 1, 2)
	o.rewrite(u, content, 0, 2)
	o.report(u)
	o.now.spec.Durability = tranship.DurabilityWritten
	u = o.resume()
	o.now.durable = nil // nothing is guaranteed for later writes
	o.rewrite(u, other, 0)
	o.detach(u)
	o.begin(o.now.spec)
	o.now.spec.Durability = tranship.DurabilityDurable
	u = o.resume()
	o.has(u, 0, 1, 2)
	o.rewrite(u, content, 0)
	o.commit(u)
	if o.crashes < 500 {
		t.Errorf("only %d crashes", o.crashes)
	}
}
