package transfer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

// Put implements tranship.Writer. All but the directory is reached by its last
// segment, from the open directory.
func (d *Dir) Put(_ context.Context, spec tranship.Spec, data []byte) (tranship.File, error) {
	if len(data) > tranship.MaxPutBytes {
		return tranship.File{}, fmt.Errorf("%w: a put takes at most %d bytes", tranship.ErrLimit, tranship.MaxPutBytes)
	}
	if spec.Size != nil && *spec.Size != int64(len(data)) {
		return tranship.File{}, &tranship.InvalidError{Field: "size", Rule: "the size of a put must be that of its data"}
	}
	spec.ResumeKey = "" // A put is too small to be resumed.
	if err := spec.Validate(); err != nil {
		return tranship.File{}, err
	}
	if spec.Precondition.MustMatchVersion != "" {
		return tranship.File{}, errNoVersions
	}
	parent, err := d.parent(spec.Path)
	if err != nil {
		return tranship.File{}, err
	}
	defer parent.Close()
	p := &localPut{dir: parent, spec: spec, name: path.Base(spec.Path)}
	temporary, err := p.create(d)
	if err != nil {
		return tranship.File{}, err
	}
	file, err := p.put(temporary, data)
	if err != nil {
		return tranship.File{}, err
	}
	if _, err := parent.Lstat(path.Base(hiddenName(spec.Path)) + journalSuffix); err == nil {
		d.removePartial(spec.Path)
	}
	if spec.Durability == tranship.DurabilityDurable {
		if err := d.sync(spec.Path); err != nil {
			return tranship.File{}, err
		}
	}
	file.CRC32C = new(tranship.CRC32C(data))
	return file, nil
}

// parent opens the directory of name, and creates it if there is none.
func (d *Dir) parent(name string) (*rootfs.Dir, error) {
	directory, _ := rootfs.Split(name)
	dir, err := d.openDirectory(directory)
	if err != nil {
		if err := d.parents(name); err != nil {
			return nil, err
		}
		dir, err = d.openDirectory(directory)
	}
	if err != nil {
		return nil, targetError(err)
	}
	return dir, nil
}

// localPut is a file that is put into a directory under its last name.
type localPut struct {
	dir             *rootfs.Dir
	spec            tranship.Spec
	name, temporary string
}

// create creates the temporary file, locked as that of Dir.createTemporary is, which
// takes over when its first name is in use.
func (p *localPut) create(d *Dir) (*os.File, error) {
	// What has a mode is nobody else's to read before it has that mode.
	mode := fs.FileMode(0o666)
	if p.spec.Attributes.Mode != nil {
		mode = 0o600
	}
	p.temporary = path.Base(temporaryName(p.spec.Path, "0"))
	file, err := p.dir.CreateFile(p.temporary, mode)
	if errors.Is(err, fs.ErrExist) {
		var name string
		name, file, err = d.createTemporary(p.spec.Path, mode)
		p.temporary = path.Base(name)
		return file, err
	}
	if err != nil {
		return nil, targetError(err)
	}
	// Where there are no locks nobody takes it for unused.
	_, _ = rootfs.Lock(file)
	return file, nil
}

// put leaves nothing behind when it fails.
func (p *localPut) put(file *os.File, data []byte) (tranship.File, error) {
	info, err := p.fill(file, data)
	if err == nil {
		err = file.Close()
	} else {
		_ = file.Close()
	}
	if err != nil {
		err = targetError(err)
	} else {
		err = p.rename()
	}
	if err != nil {
		if failed := p.dir.Remove(p.temporary); failed != nil && !errors.Is(failed, fs.ErrNotExist) {
			err = errors.Join(err, targetError(failed))
		}
		return tranship.File{}, err
	}
	return fileOf(p.spec.Path, info), nil
}

// fill gives the file its content and attributes.
func (p *localPut) fill(file *os.File, data []byte) (fs.FileInfo, error) {
	if _, err := file.Write(data); err != nil {
		return nil, err
	}
	if mode := p.spec.Attributes.Mode; mode != nil {
		if err := file.Chmod(*mode); err != nil {
			return nil, err
		}
	}
	if t := p.spec.Attributes.ModTime; t != nil {
		if err := p.dir.Chtimes(file, p.temporary, *t); err != nil {
			return nil, err
		}
	}
	if p.spec.Durability == tranship.DurabilityDurable {
		if err := file.Sync(); err != nil {
			return nil, err
		}
	}
	return file.Stat()
}

// rename makes the file visible, all at once.
func (p *localPut) rename() error {
	info, err := p.dir.Lstat(p.name)
	if err := vacant(info, err, p.spec.Path, p.spec.Precondition); err != nil {
		return err
	}
	rename := rootfs.Rename
	if p.spec.Precondition.MustNotExist {
		rename = rootfs.RenameNoReplace
	}
	err = rename(p.dir, p.temporary, p.dir, p.name)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w: %s", tranship.ErrExists, p.spec.Path)
	}
	if errors.Is(err, fs.ErrNotExist) { // another copy took it for unused, or its directory went
		return fmt.Errorf("%w: the temporary file of %s is gone", tranship.ErrUnavailable, p.spec.Path)
	}
	if err != nil {
		return targetError(err)
	}
	return nil
}
