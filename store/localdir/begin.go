package localdir

import (
	"errors"
	"os"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/partfile"
	"github.com/tranship/tranship/internal/rootfs"
)

func (d *Dir) begin(spec tranship.Spec) (*upload, error) {
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	if spec.Precondition.MustMatchVersion != "" || spec.Precondition.MustMatchRevision != "" {
		return nil, errNoVersions
	}
	directory, name := rootfs.Split(d.local(spec.Path))
	dir, err := d.enter(directory, true)
	if err != nil {
		return nil, err
	}
	u := &upload{root: d, dir: dir, name: name, spec: spec}
	if err := u.begin(); err != nil {
		_ = dir.Close()
		return nil, err
	}
	return u, nil
}

// begin creates or opens the temporary file. No other user can read or write the file until
// it has its final mode.
func (u *upload) begin() error {
	if err := u.dir.checkTarget(u.name); err != nil {
		return err
	}
	info, err := u.dir.names.Lstat(u.name)
	if err := vacant(info, err, u.spec.Path, u.spec.Precondition); err != nil {
		return err
	}
	if err == nil {
		if err := u.root.checkSpelling(u.dir, u.name); err != nil {
			return err
		}
	}
	if err := u.dir.admitTime(u.name, u.spec.Attributes.ModTime); err != nil {
		return err
	}
	// Commit claims the spelling: of two uploads, the one that is committed first has it.
	release, err := u.root.claimSpelling(u.dir, u.name)
	release()
	if err != nil {
		return err
	}
	partSize := int64(mostPart)
	if u.spec.Size != nil {
		u.spec.Size = new(*u.spec.Size)
		partSize = tranship.PartSizeFor(u.spec.Size, leastPart, mostPart)
	}
	u.parts = partfile.New(partfile.Config{
		System:   partfile.RealSystem(),
		Path:     u.spec.Path,
		Size:     u.spec.Size,
		PartSize: partSize,
		Durable:  u.isSynced,
		Explain:  func(_ string, err error) error { return targetError(err) },
	})
	if u.spec.Attributes.Mode == nil {
		if u.mode, err = defaultMode(u.dir.Dir); err != nil {
			return targetError(err)
		}
	}
	if u.spec.ResumeKey != "" && *u.spec.Size > 0 {
		err := u.root.resume(u)
		if err == nil || !errors.Is(err, errBusy) {
			return err
		}
	}
	var file *os.File
	if u.temporary, file, err = u.dir.createTemporary(u.name, 0o600); err != nil {
		return err
	}
	u.parts.Open(file, nil)
	return nil
}

// resume makes u an upload into the partial file of its path. It ends an older upload of this
// process into that file.
func (d *Dir) resume(u *upload) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if older := d.resumable[u.spec.Path]; older != nil {
		older.letGo()
	}
	d.news.used(u.dir.path)
	partial, err := u.dir.openPartial(u.spec, u.name, u.parts.PartSize())
	if err != nil {
		return err
	}
	if err := partial.record(u.parts); err != nil {
		partial.close()
		return err
	}
	u.partial, u.temporary = partial, partial.name
	if d.resumable == nil {
		d.resumable = map[string]*upload{}
	}
	d.resumable[u.spec.Path] = u
	return nil
}
