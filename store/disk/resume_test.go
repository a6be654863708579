package disk

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/partfile"
	"github.com/tranship/tranship/internal/rootfs"
)

// tiny is the part size of tests with many uploads.
const tiny = 4 << 10

// unsynced returns a system that syncs nothing, for tests without power loss.
func unsynced() system {
	system := realSystem()
	system.sync = func(rootfs.File) error { return nil }
	system.syncDir = func(*rootfs.Dir) error { return nil }
	return system
}

// withTinyParts gives later uploads tiny parts.
func (f fixture) withTinyParts() fixture {
	f.Store.options.MinPartSize = tiny
	return f
}

// noise returns content that depends only on the seed.
func noise(seed uint64, length int) []byte {
	data := make([]byte, length)
	source := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)})
	_, _ = source.Read(data)
	return data
}

func resumable(path string, content []byte) tranship.Spec {
	return tranship.Spec{Path: path, Size: new(int64(len(content))), ResumeKey: "key"}
}

func (f fixture) begin(spec tranship.Spec) *upload {
	f.Helper()
	u, err := f.Begin(f.Context(), spec)
	if err != nil {
		f.Fatal(err)
	}
	return u.(*upload)
}

// cut returns part n of content.
func cut(content []byte, partSize int64, n int) []byte {
	start := int64(n) * partSize
	return content[start:min(int64(len(content)), start+partSize)]
}

// write writes parts of content.
func (f fixture) write(u tranship.Upload, content []byte, parts ...int) {
	f.Helper()
	for _, n := range parts {
		if err := f.tryWrite(u, content, n); err != nil {
			f.Fatalf("part %d: %v", n, err)
		}
	}
}

func (f fixture) tryWrite(u tranship.Upload, content []byte, n int) error {
	writer, err := u.Part(f.Context(), n)
	if err != nil {
		return err
	}
	data := cut(content, u.PartSize(), n)
	for _, piece := range [][]byte{data[:len(data)/2], data[len(data)/2:]} {
		if _, err := writer.Write(piece); err != nil {
			return err
		}
	}
	return writer.Close()
}

func (f fixture) sync(u tranship.Upload) {
	f.Helper()
	if err := u.Sync(f.Context()); err != nil {
		f.Fatal(err)
	}
}

func (f fixture) detach(u tranship.Upload) {
	f.Helper()
	if err := u.Detach(f.Context()); err != nil {
		f.Fatal(err)
	}
}

// durable returns the numbers of an upload's durable parts.
func durable(u tranship.Upload) map[int]uint32 {
	parts := make(map[int]uint32)
	for _, r := range u.Durable() {
		parts[int(r.Offset/u.PartSize())] = *r.CRC32C
	}
	return parts
}

// has checks that the durable parts are those of content.
func (f fixture) has(u tranship.Upload, content []byte, parts ...int) {
	f.Helper()
	got := durable(u)
	if numbers := slices.Sorted(maps.Keys(got)); !slices.Equal(numbers, parts) {
		f.Errorf("durable are the parts %v, want %v", numbers, parts)
	}
	for n, crc := range got {
		if want := tranship.CRC32C(cut(content, u.PartSize(), n)); crc != want {
			f.Errorf("part %d has CRC32C %08x, want %08x", n, crc, want)
		}
	}
}

// finish writes the missing parts of an upload, as a client that trusts checksums does, commits
// it, and checks the file.
func (f fixture) finish(u tranship.Upload, path string, content []byte) {
	f.Helper()
	got := durable(u)
	for n := 0; int64(n)*u.PartSize() < int64(len(content)); n++ {
		if crc, ok := got[n]; !ok || crc != tranship.CRC32C(cut(content, u.PartSize(), n)) {
			f.write(u, content, n)
		}
	}
	commit := tranship.Commit{Size: int64(len(content)), CRC32C: new(tranship.CRC32C(content))}
	if _, err := u.Commit(f.Context(), commit); err != nil {
		f.Fatalf("Commit: %v", err)
	}
	if read, err := f.read(path); err != nil || !bytes.Equal([]byte(read), content) {
		f.Errorf("%s has %d bytes that differ, or %v", path, len(read), err)
	}
}

// uploads returns the names in the directory of uploads.
func (f fixture) uploads() []string {
	f.Helper()
	return f.names(uploadsDirectory)
}

func TestGroupsAreSyncedByThemselves(t *testing.T) { synctest.Test(t, testGroups) }

func testGroups(t *testing.T) {
	f := newFixture(t, small, realSystem()).withTinyParts()
	content := noise(1, 3*tiny)
	u := f.begin(resumable("file", content))
	f.write(u, content, 0)
	f.has(u, content)
	time.Sleep(partfile.GroupDelay)
	synctest.Wait()
	f.has(u, content, 0)
}

func TestRebootWithoutSyncs(t *testing.T) {
	system := realSystem()
	boot := "first"
	system.boot = func() string { return boot }
	f := newFixture(t, small, system).withTinyParts()
	content := noise(1, 3*tiny)
	spec := resumable("file", content)
	spec.Durability = tranship.DurabilityWritten
	u := f.begin(spec)
	f.write(u, content, 0, 1)
	f.detach(u)
	damage := func() {
		t.Helper()
		file, err := os.OpenFile(f.at(uploadsDirectory+"/"+u.ID()), os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		if _, err := file.WriteAt([]byte("lost"), 0); err != nil {
			t.Fatal(err)
		}
	}
	boot = "second"
	damage()
	f = f.reopen()
	for info, err := range f.ListUploads(t.Context(), "") {
		if err != nil || info.DurableBytes != 0 {
			t.Errorf("a part that was not verified counts as durable: %+v, %v", info, err)
		}
	}
	u = f.begin(spec)
	f.has(u, content, 1)
	f.detach(u)
	f = f.reopen() // within the same boot, written data is still there
	for info, err := range f.ListUploads(t.Context(), "") {
		if err != nil || info.DurableBytes != tiny {
			t.Errorf("ListUploads: %+v, %v", info, err)
		}
	}

	damage() // of a part that was lost
	spec.Durability = tranship.DurabilityDurable
	u = f.begin(spec)
	f.has(u, content, 1)
	f.finish(u, "file", content)
}

func TestJournalIsWrittenAnewWhenItIsLong(t *testing.T) {
	f := newFixture(t, small, unsynced()).withTinyParts()
	content := noise(1, 3*tiny)
	spec := resumable("file", content)
	spec.Attributes.Metadata = map[string]string{"long": string(bytes.Repeat([]byte("x"), 2000))}
	var most int64
	for i := range 1000 {
		u := f.begin(spec)
		if i == 0 {
			f.write(u, content, 1)
			f.sync(u)
		}
		if u.Epoch() != uint64(i)+1 {
			t.Fatalf("epoch %d, want %d", u.Epoch(), i+1)
		}
		most = max(most, u.parts.Journal().Bytes())
	}
	if most > partfile.MaxJournal/8 {
		t.Errorf("the journal had %d bytes", most)
	}
	f = f.reopen()
	u := f.begin(spec)
	f.has(u, content, 1)
	f.finish(u, "file", content)
}
