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

// header is the description of an upload in its journal.
type header struct {
	id string
	// spec has the effective durability of the upload.
	spec     tranship.Spec
	partSize int64
	created  time.Time
	epoch    uint64
	// boot identifies the boot of the machine in which the header was written; "" if the
	// system does not provide that.
	boot string
}

// precedes reports whether next may follow h in a journal. The zero header precedes any;
// others precede headers that resume the same upload.
func (h header) precedes(next header) bool {
	return h.epoch == 0 ||
		next.epoch > h.epoch && next.partSize == h.partSize && resumptionOf(next.spec) == resumptionOf(h.spec)
}

// encode returns the content of the header in a journal. It omits what the format cannot
// represent, and what the spec that resumes the upload replaces anyway: a revision, a
// checksum, and a time that does not fit into nanoseconds since 1970.
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
	if spec.Transient {
		flags |= flagTransient
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
	// flagTransient means that the upload is not kept. A version of this program that does
	// not know the flag drops such an upload, too.
	flagTransient
)

// takeHeader decodes what encode returns. If that is invalid, d is bad afterwards.
func takeHeader(d *varfield.Decoder) header {
	flags, durability := d.Byte(), d.Byte()
	h := header{id: d.String()}
	spec := &h.spec
	spec.Path = d.String()
	spec.Size = new(d.Number())
	spec.ResumeKey = d.String()
	spec.Durability = tranship.Durability(durability)
	spec.Transient = flags&flagTransient != 0
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
		flags&^(flagModTime|flagFileMode|flagMustNotExist|flagOwner|flagTransient) != 0 || spec.Validate() != nil {
		d.Fail()
	}
	return h
}

// history is the state of an upload according to its journal.
type history struct {
	header header // the last one
	partfile.History
}

// readJournal reads a journal up to its first damaged entry. ok is false if it does not even
// have a valid header.
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
