package disk

import (
	"bytes"
	"testing"
	"testing/synctest"

	"github.com/tranship/tranship"
)

// tailPromise is what the store must guarantee for a tail after a crash.
type tailPromise struct {
	spec    tranship.Spec
	content []byte
	// part has at least so many bytes, in a tail or whole; with dropped it may have none.
	part, least int
	dropped     bool
}

// check opens what is left of a store in a directory, checks the tail, and goes on behind it.
func (p tailPromise) check(t *testing.T, name, directory string) {
	t.Helper()
	system := unsynced()
	system.boot = func() string { return "after the crash" }
	store, err := open(directory, small, system)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	defer store.Close()
	f := fixture{T: t, directory: directory, Store: store}.withTinyParts()
	u := f.begin(p.spec)
	tail := u.Tail()
	n := int(tail.Offset / u.PartSize())
	_, whole := durable(u)[p.part]
	kept := tail.Length > 0 && n == p.part && tail.Length >= int64(p.least)
	if !p.dropped && p.least > 0 && !whole && !kept {
		t.Fatalf("%s: the tail has %d bytes of part %d, want at least %d of %d", name, tail.Length, n, p.least, p.part)
	}
	if tail.Length > 0 {
		part := cut(p.content, u.PartSize(), n)
		if *tail.CRC32C != tranship.CRC32C(part[:tail.Length]) {
			t.Fatalf("%s: the tail of %d bytes of part %d has another checksum", name, tail.Length, n)
		}
		f.continueTail(u, part[tail.Length:])
	}
	commit := tranship.Commit{Size: int64(len(p.content)), CRC32C: new(tranship.CRC32C(p.content))}
	f.sync(u)
	for n := range (len(p.content) + tiny - 1) / tiny {
		if _, ok := durable(u)[n]; !ok {
			f.write(u, p.content, n)
		}
	}
	if _, err := u.Commit(t.Context(), commit); err != nil {
		t.Fatalf("%s: Commit: %v", name, err)
	}
	if read, err := f.read(p.spec.Path); err != nil || !bytes.Equal([]byte(read), p.content) {
		t.Fatalf("%s: the file has %d bytes that differ, or %v", name, len(read), err)
	}
}

// The power fails after every single operation of an upload that has tails.
func TestPowerLossWithTails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, losePowerWithTails)
}

func losePowerWithTails(t *testing.T) {
	o := newOutage(t, t.TempDir())
	content := noise(1, 3*tiny-100)
	p := tailPromise{spec: resumable("file", content), content: content}
	o.check = func(name, directory string) { p.check(t, name, directory) }
	u := o.begin(p.spec)
	// The bytes that nothing may come of.
	stale := noise(2, tiny)
	lose := func() {
		writer, err := u.ContinuePart(t.Context())
		if err == nil {
			_, err = writer.Write(stale[:tiny/2])
		}
		if err == nil {
			err = writer.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	grow := func(ends ...int) {
		for _, end := range ends {
			begin := int(u.Tail().Length)
			o.continueTail(u, cut(content, tiny, p.part)[begin:end])
			if end < len(cut(content, tiny, p.part)) {
				p.least = end // a whole part is durable only after Sync
			}
			o.after("the reply to a tail", "")
			if end < tiny/2 {
				lose()
			}
		}
	}
	o.writeTail(u, 0, content[:10])
	p.least = 10
	grow(11, 1000, 1001)
	o.detach(u)
	u = o.begin(p.spec)
	grow(1500)
	o.write(u, content, 1)
	grow(3000, tiny-1, tiny)
	o.writeTail(u, 2, content[2*tiny:2*tiny+400]) // without Sync
	p.least = tiny
	o.after("the reply to another tail", "")

	// Another tail, which another one replaces.
	p.dropped = true
	o.writeTail(u, 2, content[2*tiny:2*tiny+500])
	p.part, p.least, p.dropped = 2, 500, false
	grow(600)
	p.dropped = true
	o.writeTail(u, 1, content[tiny:tiny+50]) // the part was whole
	p.part, p.least, p.dropped = 1, 50, false
	grow(51)
	u = o.begin(p.spec) // while the older epoch is open
	grow(700)
	p.dropped = true
	o.write(u, content, 1) // the part begins again
	o.fixture.sync(u)
	o.writeTail(u, 2, content[2*tiny:2*tiny+40])
	p.part, p.least, p.dropped = 2, 40, false
	grow(tiny - 100)
	o.crashed = nil // the commit has tests of its own
	o.finish(u, "file", content)
	if o.crashes < 500 {
		t.Errorf("only %d crashes", o.crashes)
	}
}
