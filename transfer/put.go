package transfer

import (
	"context"
	"io"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/silence"
)

// put copies a small file as a whole, if it has the size that item.File says;
// otherwise it corrects that and returns false.
func (j *job) put(watch *silence.Watch) (done bool, err error) {
	file, data, err := j.load(watch)
	if err != nil {
		return false, err
	}
	if file.Size != j.item.File.Size {
		j.item.File.Size = file.Size
		return false, nil
	}
	crc, err := j.loaded(file, data)
	if err != nil {
		return false, err
	}
	committed, err := j.destination.Put(watch.Context(), j.spec(file), data)
	if j.leaveTimeOut(file.ModTime, err) {
		committed, err = j.destination.Put(watch.Context(), j.spec(file), data)
	}
	if err != nil {
		return false, err
	}
	if err := j.stored(file, committed, crc); err != nil {
		return false, err
	}
	return true, nil
}

// loaded checks the content of a file that was read as a whole, and returns its checksum.
func (j *job) loaded(file tranship.File, data []byte) (crc uint32, err error) {
	j.begun(file)
	crc = tranship.CRC32C(data)
	if err := verify(file, int64(len(data)), crc); err != nil {
		return 0, err
	}
	digest, err := j.item.newDigest()
	if err != nil {
		return 0, err
	}
	if digest != nil {
		digest.Write(data)
	}
	if err := j.item.checkDigest(digest); err != nil {
		return 0, err
	}
	j.result.CRC32C = &crc
	return crc, nil
}

// stored checks what the destination has made of a file that was sent as a whole, and records
// it.
func (j *job) stored(file, committed tranship.File, crc uint32) error {
	if err := arrived(committed, file.Size, crc); err != nil {
		return err
	}
	j.result.SentBytes = file.Size
	j.completed(file, committed)
	j.progress.there(file.Size, 0)
	return nil
}

// load reads all of the source, if it has the size that item.File says.
func (j *job) load(watch *silence.Watch) (tranship.File, []byte, error) {
	if source, ok := tranship.As[tranship.Fetcher](j.item.Source); ok {
		file, data, err := source.Fetch(watch.Context(), j.item.SourcePath, j.item.File.Size)
		j.progress.read.Add(int64(len(data)))
		if err != nil {
			return file, nil, sourceError(err)
		}
		return file, data, nil
	}
	ctx, stop := context.WithCancel(watch.Context())
	defer stop()
	content, err := j.open(ctx)
	if err != nil {
		return tranship.File{}, nil, err
	}
	// It is only read from, and says how that went.
	defer func() { _ = content.Close() }()
	file := content.File()
	if file.Size != j.item.File.Size {
		return file, nil, nil
	}
	data := make([]byte, file.Size)
	n, err := io.ReadFull(content, data)
	j.progress.read.Add(int64(n))
	if err != nil {
		return file, nil, sourceError(err)
	}
	n, err = io.ReadFull(content, make([]byte, 1))
	return file, data, sourceEnd(int64(n), err, file.Size)
}
