package partfile

import (
	"encoding/binary"
	"reflect"
	"testing"
	"time"

	"github.com/tranship/tranship/internal/varfield"
)

// shapeOf is the header function of tests: size and part size, and an epoch that rises.
func shapeOf() func(content []byte) (Shape, bool) {
	var last uint64
	return func(content []byte) (Shape, bool) {
		d := varfield.Decoder{Rest: content}
		shape := Shape{Size: d.Number(), PartSize: d.Number()}
		epoch := d.Uvarint()
		if !d.Done() || epoch <= last {
			return Shape{}, false
		}
		last = epoch
		return shape, true
	}
}

func headerOf(size, partSize int64, epoch uint64) []byte {
	b := binary.AppendUvarint(nil, uint64(size))
	b = binary.AppendUvarint(b, uint64(partSize))
	return binary.AppendUvarint(b, epoch)
}

func encode(id string, entries ...Entry) (b []byte) {
	for i, e := range entries {
		b = AppendRecord(b, id, uint64(i), e)
	}
	return b
}

func TestReadJournal(t *testing.T) {
	made := Outcome{Version: "w", CRC32C: 9, At: time.Unix(1, 2)}
	entries := []Entry{
		HeaderEntry(headerOf(25, 10, 1)), PartEntry(0, 10, 7), PartEntry(2, 5, 8), VoidEntry(0),
		HeaderEntry(headerOf(25, 10, 2)), ClosingEntry(Outcome{Version: "v"}), CommittedEntry(made),
	}
	data := encode("ID", entries...)
	h, ok := ReadJournal("ID", data, shapeOf())
	if !ok || h.Bytes != int64(len(data)) || h.Records != 7 || !reflect.DeepEqual(h.Parts, map[int64]uint32{2: 8}) || !reflect.DeepEqual(*h.Closing, made) || h.PartBytes() != 5 {
		t.Errorf("%+v, %v", h, ok)
	}
	for name, bad := range map[string][]byte{
		"of another file":    encode("other", entries...),
		"without a header":   encode("ID", PartEntry(0, 10, 7)),
		"lines of text":      []byte("3210041d {\"tranship_journal\":1,\"key\":\"key\",\"size\":3145733,\"part_size\":1048576}\n712bdbf2 {\"epoch\":1}\n"),
		"empty":              nil,
		"part size 0":        encode("ID", HeaderEntry(headerOf(25, 0, 1))),
		"more in the header": encode("ID", HeaderEntry(append(headerOf(25, 10, 1), 0))),
	} {
		if h, ok := ReadJournal("ID", bad, shapeOf()); ok {
			t.Errorf("%s: %+v", name, h)
		}
	}
	first := HeaderEntry(headerOf(25, 10, 1))
	for name, second := range map[string]Entry{
		"part beyond the end":  PartEntry(3, 1, 0),
		"short part":           PartEntry(0, 9, 0),
		"long last part":       PartEntry(2, 10, 0),
		"void beyond the end":  VoidEntry(3),
		"header of its past":   first,
		"header of other size": HeaderEntry(headerOf(26, 10, 2)),
		"unknown":              {kind: 9},
	} {
		data := encode("ID", first, second)
		if h, ok := ReadJournal("ID", data, shapeOf()); !ok || h.Records != 1 || len(h.Parts) > 0 {
			t.Errorf("%s: %+v, %v", name, h, ok)
		}
	}
	// The rest of an older record behind a newer one does not count as its successor.
	again := AppendRecord(nil, "ID", 1, PartEntry(0, 10, 1))
	stale := append(append(encode("ID", first), again...), AppendRecord(nil, "ID", 1, PartEntry(2, 5, 2))...)
	if h, _ := ReadJournal("ID", stale, shapeOf()); h.Records != 2 || len(h.Parts) != 1 {
		t.Errorf("%+v", h)
	}
}

// FuzzReadJournal gives the decoder payloads with the right checksums, cut from one
// input, and raw bytes behind them.
func FuzzReadJournal(f *testing.F) {
	const id = "ID"
	first := headerOf(25, 10, 1)
	f.Add(first, PartEntry(0, 10, 2).content, byte(kindPart), []byte{})
	f.Add(first, VoidEntry(0).content, byte(kindVoid), []byte{0, 7})
	f.Add(first, CommittedEntry(Outcome{Version: "v"}).content, byte(kindCommitted), []byte{})
	f.Add(first, headerOf(25, 10, 2), byte(kindHeader), []byte{})
	f.Add(headerOf(1<<62, 1, 1), PartEntry(1<<62-1, 1, 2).content, byte(kindPart), []byte{})
	f.Fuzz(func(t *testing.T, first, second []byte, kind byte, rest []byte) {
		if len(first) > MaxPayload || len(second) > MaxPayload {
			return
		}
		data := encode(id, HeaderEntry(first), Entry{kind, second})
		data = append(data, rest...)
		for _, data := range [][]byte{data, rest} {
			h, ok := ReadJournal(id, data, shapeOf())
			if !ok {
				continue
			}
			if h.Size < 0 || h.PartSize < 1 || h.Bytes > int64(len(data)) {
				t.Errorf("%+v", h)
			}
			for n := range h.Parts {
				if h.length(n) < 1 {
					t.Errorf("part %d of %+v", n, h)
				}
			}
			if total := h.PartBytes(); total < 0 || total > h.Size {
				t.Errorf("%d bytes of %+v", total, h)
			}
			again, ok := ReadJournal(id, data[:h.Bytes], shapeOf())
			if !ok || !reflect.DeepEqual(again, h) {
				t.Errorf("read again: %+v, first %+v", again, h)
			}
		}
	})
}
