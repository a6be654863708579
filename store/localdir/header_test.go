package localdir

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/tranship/tranship/internal/partfile"
)

func TestReadJournal(t *testing.T) {
	const id = ".tranship-x"
	first := header{size: 25, partSize: 10, key: strings.Repeat("k", 64), epoch: 1}
	second, other := first, first
	second.epoch, other.epoch = 2, 2
	other.key = "other"
	read := func(headers ...header) (history, bool) {
		var data []byte
		for i, h := range headers {
			data = partfile.AppendRecord(data, id, uint64(i), partfile.HeaderEntry(h.encode()))
		}
		return readJournal(id, data)
	}
	if h, ok := read(first, second); !ok || h.header != second || h.Size != 25 || h.PartSize != 10 {
		t.Errorf("%+v, %v", h, ok)
	}
	for name, after := range map[string]header{"of the same epoch": first, "of another upload": other} {
		if h, ok := read(first, after); !ok || h.header != first || h.Records != 1 {
			t.Errorf("a header %s: %+v, %v", name, h, ok)
		}
	}
	for name, bad := range map[string]header{"empty": {partSize: 10, epoch: 1}, "of no epoch": {size: 25, partSize: 10}, "without parts": {size: 25, epoch: 1}} {
		if h, ok := read(bad); ok {
			t.Errorf("a header %s: %+v", name, h)
		}
	}
}

// The lines of text that an earlier version of this program wrote as a journal are not
// taken for one.
func TestReadJournalOfEarlierVersion(t *testing.T) {
	data, err := os.ReadFile("testdata/lines.journal")
	if err != nil {
		t.Fatal(err)
	}
	for n := range data {
		if h, ok := readJournal(hiddenName("copy"), data[n:]); ok {
			t.Errorf("from %d on: %+v", n, h)
		}
	}
}

func FuzzReadJournal(f *testing.F) {
	const id = ".tranship-x"
	h := header{size: 10, partSize: 3, key: "key", epoch: 1}
	first := h.encode()
	h.epoch++
	f.Add(first, h.encode(), []byte{})
	f.Add(first, first, []byte{0, 7})
	f.Fuzz(func(t *testing.T, first, second, rest []byte) {
		if len(first) > partfile.MaxPayload || len(second) > partfile.MaxPayload {
			return
		}
		data := partfile.AppendRecord(nil, id, 0, partfile.HeaderEntry(first))
		data = partfile.AppendRecord(data, id, 1, partfile.PartEntry(0, 1, 2))
		data = partfile.AppendRecord(data, id, 2, partfile.HeaderEntry(second))
		data = append(data, rest...)
		h, ok := readJournal(id, data)
		if !ok {
			return
		}
		if h.header.size != h.Size || h.header.partSize != h.PartSize || h.Size < 1 || h.PartSize < 1 || h.header.epoch < 1 {
			t.Errorf("%+v", h)
		}
		for n := range h.Parts {
			if n < 0 || n*h.PartSize >= h.Size {
				t.Errorf("part %d of %+v", n, h.header)
			}
		}
		if total := h.PartBytes(); total < 0 || total > h.Size {
			t.Errorf("%d bytes of %+v", total, h.header)
		}
		again, ok := readJournal(id, data[:h.Bytes])
		if !ok || !reflect.DeepEqual(again, h) {
			t.Errorf("read again: %+v, first %+v", again, h)
		}
	})
}
