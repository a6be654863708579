package localdir

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func FuzzReadJournal(f *testing.F) {
	var whole bytes.Buffer
	for _, line := range []any{
		journalHead{journalFormat, "key", 10, 3},
		journalLine{Epoch: 1},
		journalLine{Part: new(0), CRC32C: new(uint32(5))},
		journalLine{Part: new(3), CRC32C: new(uint32(0))},
		journalLine{Part: new(0)},
	} {
		if err := appendLine(&whole, line); err != nil {
			f.Fatal(err)
		}
	}
	f.Add(whole.Bytes())
	f.Add([]byte("00000000 \n"))
	f.Add([]byte(strings.Repeat("x", maxJournalLine+1)))
	f.Fuzz(func(t *testing.T, text []byte) {
		j, length, err := readJournal(bytes.NewReader(text))
		if err != nil {
			if !errors.Is(err, errJournal) {
				t.Fatal(err)
			}
			return
		}
		if length < 1 || length > int64(len(text)) || text[length-1] != '\n' {
			t.Fatalf("%d bytes of %q", length, text)
		}
		for n := range j.parts {
			if n < 0 || int64(n)*j.head.PartSize >= j.head.Size {
				t.Errorf("part %d of %+v", n, j.head)
			}
		}
		if total := j.bytes(); total < 0 || total > j.head.Size {
			t.Errorf("%d bytes of %+v", total, j.head)
		}
		// What was read is read again alike.
		again, n, err := readJournal(bytes.NewReader(text[:length]))
		if err != nil || n != length || len(again.parts) != len(j.parts) {
			t.Errorf("%+v, %d, %v", again, n, err)
		}
	})
}
