package localdir

import (
	"encoding/binary"

	"github.com/tranship/tranship/internal/partfile"
	"github.com/tranship/tranship/internal/varfield"
)

// header says in a journal what a partial file is of. The epoch counts how often it has
// been gone on with, from 1.
type header struct {
	size, partSize int64
	key            string
	epoch          uint64
}

// encode is the content of the header in a journal: size, part size and epoch (uvarints),
// and the key (length and bytes).
func (h header) encode() []byte {
	b := binary.AppendUvarint(nil, uint64(h.size))
	b = binary.AppendUvarint(b, uint64(h.partSize))
	b = binary.AppendUvarint(b, h.epoch)
	return varfield.AppendString(b, h.key)
}

// isOf reports whether two headers are of the same upload, in whatever epochs.
func (h header) isOf(other header) bool {
	h.epoch, other.epoch = 0, 0
	return h == other
}

// history is what a journal tells of a partial file.
type history struct {
	header header // the last one
	partfile.History
}

// readJournal makes sense of as much of a journal as is whole. It is false if not even the
// header is, as in a journal of a version of this program that wrote lines of text. id is
// the partial file's name without suffix: see partfile.ReadJournal.
func readJournal(id string, data []byte) (h history, ok bool) {
	h.History, ok = partfile.ReadJournal(id, data, func(content []byte) (partfile.Shape, bool) {
		d := varfield.Decoder{Rest: content}
		next := header{size: d.Number(), partSize: d.Number(), epoch: d.Uvarint(), key: d.String()}
		first := h.header.epoch == 0
		if !d.Done() || next.size < 1 || next.epoch <= h.header.epoch || !first && !next.isOf(h.header) {
			return partfile.Shape{}, false
		}
		h.header = next
		return partfile.Shape{Size: next.size, PartSize: next.partSize}, true
	})
	return h, ok
}
