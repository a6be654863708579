package disk

import (
	"encoding/binary"
	"io/fs"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tranship/tranship"
)

func records() map[string]record {
	return map[string]record{
		"least": {version: "v"},
		"most": {
			size:     1<<63 - 1,
			modified: []int64{-1, 1<<63 - 1},
			version:  strings.Repeat("v", 128),
			crc:      new(uint32(0xfedcba98)),
			mode:     new(fs.FileMode(0o311)),
			metadata: map[string]string{"a": "", "key": strings.Repeat("\x01", 2000)},
			account:  new(strings.Repeat("a", 255)),
			exact:    new(time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC)),
		},
		"early": {version: "v", exact: new(time.Date(1, 1, 1, 0, 0, 0, 1, time.UTC))},
	}
}

func TestRecord(t *testing.T) {
	for name, want := range records() {
		data := want.encode()
		got, err := decodeRecord(data)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		for n := range data {
			if _, err := decodeRecord(data[:n]); err == nil {
				t.Errorf("%s: the first %d of %d bytes were accepted", name, n, len(data))
			}
		}
	}
	// The largest record must fit into an inode or one block, which it does not share with other
	// attributes of the store.
	if n := len(records()["most"].encode()); n > 3000 {
		t.Errorf("a record takes %d bytes", n)
	}
}

func TestRecordsThatNobodyWrites(t *testing.T) {
	for name, r := range map[string]record{
		"no version":    {},
		"long version":  {version: strings.Repeat("v", 129)},
		"negative size": {version: "v", size: -1},
		"mode":          {version: "v", mode: new(fs.ModePerm + 1)},
		"metadata":      {version: "v", metadata: map[string]string{"Key": ""}},
		"late time":     {version: "v", exact: new(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC))},
		"long account":  {version: "v", account: new(strings.Repeat("a", 256))},
	} {
		if _, err := decodeRecord(r.encode()); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

// FuzzDecodeRecord runs the decoder on bytes with the right checksum.
func FuzzDecodeRecord(f *testing.F) {
	for _, r := range records() {
		data := r.encode()
		f.Add(data[:len(data)-4])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		data = binary.BigEndian.AppendUint32(data, tranship.CRC32C(data))
		r, err := decodeRecord(data)
		if err != nil {
			return
		}
		again, err := decodeRecord(r.encode())
		if err != nil || !reflect.DeepEqual(again, r) {
			t.Errorf("%+v became %+v, %v", r, again, err)
		}
	})
}
