package varfield

import (
	"encoding/binary"
	"math"
	"strings"
	"testing"
)

func TestDecoder(t *testing.T) {
	b := binary.AppendUvarint(nil, math.MaxUint64)
	b = binary.AppendVarint(b, math.MinInt64)
	b = AppendString(b, strings.Repeat("s", 200))
	b = binary.BigEndian.AppendUint32(append(b, 7), 9)
	for n := range b {
		d := Decoder{Rest: b[:n]}
		d.Uvarint()
		d.Varint()
		_ = d.String()
		d.Byte()
		if d.Uint32() != 0 || d.Done() || !d.Bad {
			t.Errorf("%d of %d bytes are taken for all", n, len(b))
		}
	}
	d := Decoder{Rest: b}
	if d.Uvarint() != math.MaxUint64 || d.Varint() != math.MinInt64 || len(d.String()) != 200 || d.Byte() != 7 || d.Uint32() != 9 || !d.Done() {
		t.Errorf("%+v", d)
	}
	for name, bad := range map[string]func(*Decoder){
		"a number beyond int64":       func(d *Decoder) { d.Number() },
		"more things than bytes left": func(d *Decoder) { d.Count() },
	} {
		d := Decoder{Rest: b}
		if bad(&d); !d.Bad || d.Uvarint() != 0 {
			t.Errorf("%s: %+v", name, d)
		}
	}
}
