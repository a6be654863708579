//go:build linux

package disk

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

// powerLoss is a system that knows what would be left of a store's directory if
// the power failed. The directory itself is what the operating system shows now;
// beside it, powerLoss keeps what was synced: of each file its content and
// attributes, of each directory its entries. After every operation that changes
// something, crashed is called.
//
// A rename is synced on both sides apart, so that after a crash the file may have
// both names; but it always has one, as on every file system with a journal.
type powerLoss struct {
	directory string
	crashed   func(operation string)

	mu    sync.Mutex
	files map[uint64]remains            // by inode
	names map[string]map[string]dirName // by directory, "" is the root
}

// remains are a file's content and attributes.
type remains struct {
	content, attribute []byte
	modified           time.Time
}

// dirName is an entry: of a directory, or of the file with an inode.
type dirName struct {
	directory bool
	inode     uint64
}

func newPowerLoss(directory string) *powerLoss {
	return &powerLoss{directory: directory, files: make(map[uint64]remains), names: make(map[string]map[string]dirName)}
}

func (p *powerLoss) after(operation, name string) {
	if p.crashed != nil {
		p.crashed(operation + " " + filepath.Base(name))
	}
}

// system does as the real one, but syncs only what it keeps in memory.
func (p *powerLoss) system() system {
	real := realSystem()
	system := real
	system.create = func(dir *rootfs.Dir, name string) (*os.File, error) {
		file, err := real.create(dir, name)
		if err == nil {
			p.forget(file)
		}
		p.after("create", name)
		return file, err
	}
	system.remove = func(dir *rootfs.Dir, name string) error {
		err := real.remove(dir, name)
		p.after("remove", name)
		return err
	}
	system.truncate = func(file *os.File, size int64) error {
		err := real.truncate(file, size)
		p.after("truncate", file.Name())
		return err
	}
	system.writeAt = func(file *os.File, data []byte, offset int64) (int, error) {
		n, err := real.writeAt(file, data, offset)
		p.after("write", file.Name())
		return n, err
	}
	system.setxattr = func(file *os.File, name string, value []byte) error {
		err := real.setxattr(file, name, value)
		p.after("setxattr", file.Name())
		return err
	}
	system.sync = func(file *os.File) error {
		err := p.sync(file)
		p.after("sync", file.Name())
		return err
	}
	system.rename = func(from *rootfs.Dir, name string, to *rootfs.Dir, newName string, replace bool) error {
		err := real.rename(from, name, to, newName, replace)
		p.after("rename", newName)
		return err
	}
	return system
}

// forget knows that an inode has become another file's.
func (p *powerLoss) forget(file *os.File) {
	info, err := file.Stat()
	if err != nil {
		panic(err)
	}
	inode, _ := rootfs.Identity(info)
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.files, inode)
}

func (p *powerLoss) sync(file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	r, err := remainsOf(file, info)
	if err != nil {
		return err
	}
	inode, _ := rootfs.Identity(info)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.files[inode] = r
	return nil
}

func remainsOf(file *os.File, info fs.FileInfo) (remains, error) {
	content := make([]byte, info.Size())
	if _, err := file.ReadAt(content, 0); err != nil && err != io.EOF {
		return remains{}, err
	}
	attribute, err := rootfs.Getxattr(file, attributeName)
	return remains{content, attribute, info.ModTime()}, err
}

// watch makes the directory syncs of a store known. What is there by then survives.
func (p *powerLoss) watch(s *Store) {
	s.syncer.sync = func(directory string) error {
		p.syncDirectory(directory)
		p.after("syncDirectory", directory)
		return nil
	}
	for directory := range p.now() {
		p.syncDirectory(directory)
	}
}

func (p *powerLoss) syncDirectory(directory string) {
	now := p.now()[directory]
	p.mu.Lock()
	defer p.mu.Unlock()
	p.names[directory] = now
}

// now are the entries of all directories.
func (p *powerLoss) now() map[string]map[string]dirName {
	names := map[string]map[string]dirName{"": {}}
	err := filepath.WalkDir(p.directory, func(at string, e fs.DirEntry, err error) error {
		name, _ := filepath.Rel(p.directory, at)
		if err != nil || name == "." {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		parent, base := rootfs.Split(name)
		if e.IsDir() {
			names[parent][base] = dirName{directory: true}
			names[name] = make(map[string]dirName)
			return nil
		}
		inode, _ := rootfs.Identity(info)
		names[parent][base] = dirName{inode: inode}
		return nil
	})
	if err != nil {
		panic(err)
	}
	return names
}

// current are all files as they are now.
func (p *powerLoss) current() map[uint64]remains {
	files := make(map[uint64]remains)
	for directory, names := range p.now() {
		for name, e := range names {
			if e.directory {
				continue
			}
			file, err := os.Open(filepath.Join(p.directory, directory, name))
			if err != nil {
				panic(err)
			}
			info, err := file.Stat()
			if err == nil {
				files[e.inode], err = remainsOf(file, info)
			}
			file.Close()
			if err != nil {
				panic(err)
			}
		}
	}
	return files
}

// survival decides what is left of a file; synced is zero if it never was.
type survival func(name string, synced, now remains) remains

// survivals are what a disk may do to what was not synced.
func survivals() map[string]survival {
	isJournal := func(name string) bool { return strings.HasSuffix(name, ".journal") }
	// stale has the length it should, but not all blocks were written.
	stale := func(synced, now remains) remains {
		content := make([]byte, len(now.content))
		copy(content, synced.content)
		synced.content = content
		return synced
	}
	return map[string]survival{
		"nothing": func(_ string, synced, _ remains) remains { return synced },
		"all":     func(_ string, _, now remains) remains { return now },
		"sizes":   func(_ string, synced, now remains) remains { return stale(synced, now) },
		"journals": func(name string, synced, now remains) remains {
			if isJournal(name) {
				return now
			}
			return stale(synced, now)
		},
		"data": func(name string, synced, now remains) remains {
			if isJournal(name) {
				return synced
			}
			return now
		},
		"torn journals": func(name string, synced, now remains) remains {
			if !isJournal(name) || len(now.content) < len(synced.content) {
				return now
			}
			half := len(synced.content) + (len(now.content)-len(synced.content))/2
			now.content = now.content[:half]
			return now
		},
	}
}

// rebuild makes a directory of what is left; the names are the synced ones, or
// those of now.
func (p *powerLoss) rebuild(target string, synced bool, survive survival) error {
	current := p.current()
	names := p.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if synced {
		names = p.names
	}
	var build func(directory string) error
	build = func(directory string) error {
		if err := os.MkdirAll(filepath.Join(target, directory), 0o755); err != nil {
			return err
		}
		for name, e := range names[directory] {
			at := path.Join(directory, name)
			if e.directory {
				if err := build(at); err != nil {
					return err
				}
				continue
			}
			now, ok := current[e.inode]
			if !ok { // removed, but the directory does not know
				now = p.files[e.inode]
			}
			if err := survive(name, p.files[e.inode], now).place(filepath.Join(target, at)); err != nil {
				return err
			}
		}
		return nil
	}
	return build("")
}

func (r remains) place(name string) error {
	if err := os.WriteFile(name, r.content, 0o644); err != nil {
		return err
	}
	if r.attribute != nil {
		file, err := os.OpenFile(name, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		defer file.Close()
		if err := rootfs.Setxattr(file, attributeName, r.attribute); err != nil {
			return err
		}
	}
	if r.modified.IsZero() {
		return nil
	}
	return os.Chtimes(name, time.Time{}, r.modified)
}

// promise is what must hold after a crash.
type promise struct {
	path string
	spec tranship.Spec
	// old is what the file was; nil when there was none. content is what it
	// becomes.
	old, content []byte
	// closing tells that a commit was called; committed, that it returned.
	closing, committed bool
	// durable are the parts that were reported, and not begun again since.
	durable map[int]uint32
	// aborted tells that an abort returned: nothing may be left to resume.
	aborted bool
}

// check opens what is left of a store in a directory and goes on with it.
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
		t.Errorf("%s: the file is neither what it was nor what it becomes: %d bytes, %v", name, len(read), err)
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

// outage is a store whose power fails after every operation, while somebody uploads.
type outage struct {
	fixture
	*powerLoss
	// now is what must hold after a crash now.
	now     promise
	crashes int
	scratch string
}

func newOutage(t *testing.T, directory string) *outage {
	t.Helper()
	p := newPowerLoss(directory)
	o := &outage{powerLoss: p, scratch: t.TempDir()}
	o.fixture = fixture{T: t, directory: directory}.open(small, p.system()).withTinyParts()
	p.watch(o.Store)
	p.files = p.current()
	p.crashed = o.crash
	return o
}

// crash checks all that may be left if the power fails after an operation.
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
			o.now.check(o.T, name, directory)
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

// rewrite writes parts, which are not durable from then on.
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

// The power fails after every single operation of an upload's life, and everything
// that was not synced survives or not, in many ways.
func TestPowerLoss(t *testing.T) { synctest.Test(t, losePower) }

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
	u = o.resume() // beside the older
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

// The power fails again after it failed: the journal is torn, and was not synced.
func TestPowerLossAfterPowerLoss(t *testing.T) { synctest.Test(t, losePowerAgain) }

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
	o.now.durable = nil // of what is written from now on nothing is promised
	o.rewrite(u, other, 0)
	o.detach(u)
	u = o.begin(o.now.spec)
	o.now.spec.Durability = tranship.DurabilityDurable
	u = o.resume()
	o.has(u, 0, 1, 2)
	o.rewrite(u, content, 0)
	o.commit(u)
	if o.crashes < 500 {
		t.Errorf("only %d crashes", o.crashes)
	}
}
