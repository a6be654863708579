package localdir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/internal/rootfs"
)

// Put implements tranship.Writer. It opens the directory once, and reaches everything else
// by its name in the open directory.
func (d *Dir) Put(_ context.Context, spec tranship.Spec, data []byte) (tranship.File, error) {
	crc, err := admitPut(&spec, data)
	if err != nil {
		return tranship.File{}, err
	}
	directory, name := rootfs.Split(d.local(spec.Path))
	dir, err := d.enter(directory, true)
	if err != nil {
		return tranship.File{}, err
	}
	defer dir.Close()
	if err := dir.checkTarget(name); err != nil {
		return tranship.File{}, err
	}
	p := &putFile{root: d, dir: dir, spec: spec, name: name}
	temporary, err := p.create()
	if err != nil {
		return tranship.File{}, err
	}
	file, err := p.put(temporary, data)
	if err != nil {
		return tranship.File{}, err
	}
	dir.removePartials(name)
	if spec.Durability == tranship.DurabilityDurable {
		if err := d.sync(dir); err != nil {
			return tranship.File{}, err
		}
	}
	file.CRC32C = &crc
	return file, nil
}

// admitPut checks what a put can be checked for before anything is written, and returns the
// checksum of its data.
func admitPut(spec *tranship.Spec, data []byte) (crc uint32, err error) {
	if len(data) > tranship.MaxPutBytes {
		return 0, fmt.Errorf("%w: a put takes at most %d bytes", tranship.ErrLimit, tranship.MaxPutBytes)
	}
	if spec.Size != nil && *spec.Size != int64(len(data)) {
		return 0, &tranship.InvalidError{Field: "size", Rule: "the size of a put must be that of its data"}
	}
	spec.ResumeKey = "" // A put is too small to be resumed.
	if err := spec.Validate(); err != nil {
		return 0, err
	}
	if spec.Precondition.MustMatchVersion != "" || spec.Precondition.MustMatchRevision != "" {
		return 0, errNoVersions
	}
	crc = tranship.CRC32C(data)
	if spec.CRC32C != nil && *spec.CRC32C != crc {
		return 0, failure.WrongChecksum(spec.Path, crc, *spec.CRC32C)
	}
	return crc, nil
}

// putFile is a small file on its way into a directory. name is the last segment of its path.
type putFile struct {
	root            *Dir
	dir             *openDirectory
	spec            tranship.Spec
	name, temporary string
}

// create creates the temporary file and locks it. If the first name is in use it leaves that
// to createTemporary.
func (p *putFile) create() (file *os.File, err error) {
	// A file that gets a mode is private until it has that mode.
	mode := fs.FileMode(0o666)
	if p.spec.Attributes.Mode != nil {
		mode = 0o600
	}
	p.temporary = temporaryName(p.name, "0")
	file, err = p.dir.CreateFile(p.temporary, mode)
	if errors.Is(err, fs.ErrExist) {
		p.temporary, file, err = p.dir.createTemporary(p.name, mode)
		return file, err
	}
	if err != nil {
		return nil, targetError(err)
	}
	// If the file system has no locks, no process takes the file for unused.
	_, _ = rootfs.Lock(file)
	return file, nil
}

// put fills the file and gives it its name. It leaves nothing behind if it fails.
func (p *putFile) put(file *os.File, data []byte) (tranship.File, error) {
	info, err := p.fill(file, data)
	if err == nil {
		err = file.Close()
	} else {
		_ = file.Close()
	}
	if err != nil {
		err = targetError(err)
	} else {
		err = p.root.place(p.dir, p.temporary, p.name, p.spec.Precondition)
	}
	if err != nil {
		if failed := p.dir.Remove(p.temporary); failed != nil && !errors.Is(failed, fs.ErrNotExist) {
			err = errors.Join(err, targetError(failed))
		}
		return tranship.File{}, err
	}
	return fileOf(p.spec.Path, info), nil
}

// fill writes the content and sets the attributes.
func (p *putFile) fill(file *os.File, data []byte) (fs.FileInfo, error) {
	if _, err := file.Write(data); err != nil {
		return nil, err
	}
	info, err := p.dir.setAttributes(file, p.temporary, p.spec.Attributes.Mode, p.spec.Attributes.ModTime)
	if err != nil {
		return nil, err
	}
	if p.spec.Durability == tranship.DurabilityDurable {
		if err := file.Sync(); err != nil {
			return nil, err
		}
	}
	return info, nil
}
