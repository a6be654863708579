package disk

import (
	"encoding/binary"
	"io/fs"
	"maps"
	"slices"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/partfile"
	"github.com/tranship/tranship/internal/varfield"
)

// header says what an upload is.
type header struct {
	id string
	// spec has the durability that the upload really has.
	spec     tranship.Spec
	partSize int64
	created  time.Time
	epoch    uint64
	// boot names the run of the machine in which the record was written; "" when
	// the system has no name for it.
	boot string
}

// precedes reports whether a header may follow: the first one, after the zero header, or
// one that resumes the same upload.
func (h header) precedes(next header) bool {
	return h.epoch == 0 ||
		next.epoch > h.epoch && next.partSize == h.partSize && resumptionOf(next.spec) == resumptionOf(h.spec)
}

// encode is the content of the header in a journal. It leaves out what the spec that
// resumes the upload replaces and what the format has no room for: a revision, a checksum,
// and a time that nanoseconds since 1970 do not reach.
func (h header) encode() []byte {
	spec := h.spec
	if modified := spec.Attributes.ModTime; modified != nil && !modified.Equal(clampTime(*modified)) {
		spec.Attributes.ModTime = nil
	}
	var flags byte
	if spec.Attributes.ModTime != nil {
		flags |= flagModTime
	}
	if spec.Attributes.Mode != nil {
		flags |= flagFileMode
	}
	if spec.Precondition.MustNotExist {
		flags |= flagMustNotExist
	}
	if spec.Owner != "" {
		flags |= flagOwner
	}
	b := []byte{flags, byte(spec.Durability)}
	b = varfield.AppendString(b, h.id)
	b = varfield.AppendString(b, spec.Path)
	b = binary.AppendUvarint(b, uint64(*spec.Size))
	b = varfield.AppendString(b, spec.ResumeKey)
	b = varfield.AppendString(b, spec.Precondition.MustMatchVersion)
	if spec.Attributes.ModTime != nil {
		b = binary.AppendVarint(b, spec.Attributes.ModTime.UnixNano())
	}
	if spec.Attributes.Mode != nil {
		b = binary.AppendUvarint(b, uint64(*spec.Attributes.Mode))
	}
	b = binary.AppendUvarint(b, uint64(len(spec.Attributes.Metadata)))
	for _, key := range slices.Sorted(maps.Keys(spec.Attributes.Metadata)) {
		b = varfield.AppendString(b, key)
		b = varfield.AppendString(b, spec.Attributes.Metadata[key])
	}
	b = binary.AppendUvarint(b, uint64(h.partSize))
	b = binary.AppendVarint(b, h.created.UnixNano())
	b = binary.AppendUvarint(b, h.epoch)
	b = varfield.AppendString(b, h.boot)
	if spec.Owner != "" {
		b = varfield.AppendString(b, spec.Owner)
	}
	return b
}

const (
	flagModTime = 1 << iota
	flagFileMode
	flagMustNotExist
	// flagOwner means that the header ends with the owner of the upload. A version of this
	// program that does not know the flag drops such an upload, so that no other owner
	// gets it.
	flagOwner
)

// takeHeader takes what encode returns. d is bad unless that is valid.
func takeHeader(d *varfield.Decoder) header {
	flags, durability := d.Byte(), d.Byte()
	h := header{id: d.String()}
	spec := &h.spec
	spec.Path = d.String()
	spec.Size = new(d.Number())
	spec.ResumeKey = d.String()
	spec.Durability = tranship.Durability(durability)
	spec.Precondition = tranship.Precondition{MustNotExist: flags&flagMustNotExist != 0, MustMatchVersion: d.String()}
	if flags&flagModTime != 0 {
		spec.Attributes.ModTime = new(time.Unix(0, d.Varint()))
	}
	if flags&flagFileMode != 0 {
		spec.Attributes.Mode = new(fs.FileMode(d.Uvarint()))
	}
	if n := d.Count(); n > 0 {
		spec.Attributes.Metadata = make(map[string]string)
		for range n {
			key := d.String()
			spec.Attributes.Metadata[key] = d.String()
		}
	}
	h.partSize = d.Number()
	h.created = time.Unix(0, d.Varint())
	h.epoch = d.Uvarint()
	h.boot = d.String()
	if flags&flagOwner != 0 {
		spec.Owner = d.String()
	}
	if spec.ResumeKey == "" || h.partSize < 1 || h.partSize > maxPartSize || h.epoch == 0 ||
		flags&^(flagModTime|flagFileMode|flagMustNotExist|flagOwner) != 0 || spec.Validate() != nil {
		d.Fail()
	}
	return h
}

// history is what a journal tells of an upload.
type history struct {
	header header // the last one
	partfile.History
}

// readJournal makes sense of as much of a journal as is whole. It is false if not
// even the header is.
func readJournal(id string, data []byte) (h history, ok bool) {
	h.History, ok = partfile.ReadJournal(id, data, func(content []byte) (partfile.Shape, bool) {
		d := varfield.Decoder{Rest: content}
		next := takeHeader(&d)
		if !d.Done() || next.id != id || !h.header.precedes(next) {
			return partfile.Shape{}, false
		}
		h.header = next
		return partfile.Shape{Size: *next.spec.Size, PartSize: next.partSize}, true
	})
	return h, ok
}
