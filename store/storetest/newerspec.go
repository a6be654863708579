package storetest

import (
	"io/fs"
	"maps"
	"time"

	"github.com/tranship/tranship"
)

func newerSpec(f fixture) {
	data := f.parted(1)
	spec := resumable("file", "key", data)
	spec.Durability = tranship.DurabilityWritten
	spec.Attributes = tranship.Attributes{
		ModTime:  new(time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)),
		Mode:     new(fs.FileMode(0o600)),
		Metadata: map[string]string{"old": "1"},
	}
	older := f.kept(spec, data, 0)

	spec.Durability = tranship.DurabilityDurable
	spec.Attributes = tranship.Attributes{Mode: new(fs.FileMode(0o640)), Metadata: map[string]string{"new": "2"}}
	file := f.finish(f.resume(older, spec), data)
	if file.Mode != 0o640 || !maps.Equal(file.Metadata, map[string]string{"new": "2"}) || file.ModTime.Year() == 2001 {
		f.Fatalf("attributes are not the newer spec's: %+v", file)
	}

	spec.Path = "bare"
	older = f.kept(spec, data, 0)
	file = f.finish(f.resume(older, resumable("bare", "key", data)), data)
	if file.Mode != tranship.DefaultMode || len(file.Metadata) != 0 {
		f.Fatalf("attributes are not the newer spec's, the defaults: %+v", file)
	}
}

func newerPrecondition(f fixture) {
	data := f.parted(1)
	spec := resumable("file", "key", data)
	spec.Precondition = mustNotExist()
	older := f.kept(spec, data, 0)
	version := f.put("file", []byte("there")).Version

	spec.Precondition = mustMatch(version)
	upload := f.resume(older, spec)
	version = f.put("file", []byte("another")).Version
	f.writeParts(upload, data, 1, 2)
	f.sync(upload)
	_, err := commit(f.Context(), upload, data)
	f.fails("Commit over another version", err, tranship.ErrPrecondition)
	f.has("file", []byte("another"))
	f.detach(upload)

	spec.Precondition = mustMatch(version)
	upload = f.resume(upload, spec)
	f.isDurable(upload, data, 0, 1, 2)
	f.finish(upload, data)
}

// failedPrecondition accepts that either Begin or Commit fails.
func failedPrecondition(f fixture) {
	data := f.parted(1)
	spec := resumable("file", "key", data)
	older := f.kept(spec, data, 0, 1, 2)
	f.put("file", []byte("there"))
	for target, precondition := range map[error]tranship.Precondition{
		tranship.ErrExists:       mustNotExist(),
		tranship.ErrPrecondition: mustMatch("no-such"),
	} {
		spec.Precondition = precondition
		upload, err := f.store.Begin(f.Context(), spec)
		if err == nil {
			_, err = commit(f.Context(), upload, data)
			f.detach(upload)
		}
		f.fails("resuming an upload that must not be committed", err, target)
	}
	f.has("file", []byte("there"))
	spec.Precondition = tranship.Precondition{}
	upload := f.resume(older, spec)
	f.isDurable(upload, data, 0, 1, 2)
	f.finish(upload, data)
}
