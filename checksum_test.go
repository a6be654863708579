package tranship_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/tranship/tranship"
)

// ascending is n bytes that count up from 0.
func ascending(n int) []byte {
	data := make([]byte, n)
	for i := range data {
		data[i] = byte(i)
	}
	return data
}

func TestCRC32C(t *testing.T) {
	descending := ascending(32)
	for i := range descending {
		descending[i] = byte(31 - i)
	}
	// An iSCSI SCSI Read (10) command PDU.
	pdu := []byte{
		0x01, 0xc0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
		0x14, 0x00, 0x00, 0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00, 0x00, 0x14, 0x00, 0x00, 0x00, 0x18,
		0x28, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	}
	for _, test := range []struct {
		name string
		data []byte
		want uint32
	}{
		// RFC 3720, B.4, which prints the bytes in the order of transmission.
		{"zeros", make([]byte, 32), 0x8a9136aa},
		{"ones", bytes.Repeat([]byte{0xff}, 32), 0x62a8ab43},
		{"ascending", ascending(32), 0x46dd794e},
		{"descending", descending, 0x113fdb5c},
		{"PDU", pdu, 0xd9963a56},
		// The check value of the catalogues of CRCs.
		{"check", []byte("123456789"), 0xe3069283},
		{"nothing", nil, 0},
	} {
		if got := tranship.CRC32C(test.data); got != test.want {
			t.Errorf("CRC32C of %s is %08x, want %08x", test.name, got, test.want)
		}
		for split := range len(test.data) + 1 {
			a, b := test.data[:split], test.data[split:]
			if got := tranship.UpdateCRC32C(tranship.CRC32C(a), b); got != test.want {
				t.Errorf("UpdateCRC32C of %s, from byte %d, is %08x, want %08x", test.name, split, got, test.want)
			}
			if got := tranship.CombineCRC32C(tranship.CRC32C(a), tranship.CRC32C(b), int64(len(b))); got != test.want {
				t.Errorf("CombineCRC32C of %s, from byte %d, is %08x, want %08x", test.name, split, got, test.want)
			}
		}
	}
}

func TestCombineCRC32C(t *testing.T) {
	data := make([]byte, 1<<20+1)
	rand.NewChaCha8([32]byte{1}).Read(data)
	want := tranship.CRC32C(data)
	for _, split := range []int{0, 1, 2, 255, 256, 4095, 4096, 65537, 1<<20 - 1, 1 << 20, 1<<20 + 1} {
		a, b := data[:split], data[split:]
		if got := tranship.CombineCRC32C(tranship.CRC32C(a), tranship.CRC32C(b), int64(len(b))); got != want {
			t.Errorf("from byte %d: %08x, want %08x", split, got, want)
		}
	}
	var combined uint32 // of many pieces, as an upload's parts are
	for rest := data; len(rest) > 0; {
		n := min(len(rest), 1000)
		combined = tranship.CombineCRC32C(combined, tranship.CRC32C(rest[:n]), int64(n))
		rest = rest[n:]
	}
	if combined != want {
		t.Errorf("of many pieces: %08x, want %08x", combined, want)
	}
}

// TestCombineCRC32CLong tests lengths that are too large to allocate: zeros appended in
// one step must have the checksum of zeros appended in two.
func TestCombineCRC32CLong(t *testing.T) {
	zeros := func(n int64) uint32 { // the checksum of n zero bytes
		crc, block := uint32(0), tranship.CRC32C([]byte{0})
		for size := int64(1); n > 0; n, size = n>>1, size*2 {
			if n&1 != 0 {
				crc = tranship.CombineCRC32C(crc, block, size)
			}
			if n > 1 {
				block = tranship.CombineCRC32C(block, block, size)
			}
		}
		return crc
	}
	if got, want := zeros(1<<20+3), tranship.CRC32C(make([]byte, 1<<20+3)); got != want {
		t.Fatalf("checksum of zeros is %08x, want %08x", got, want)
	}
	a := tranship.CRC32C([]byte("a"))
	for _, lengths := range [][2]int64{
		{1, math.MaxUint32}, {1 << 31, 1 << 31}, {1 << 40, 12345}, {5 << 40, 1<<40 - 1}, {math.MaxInt64 - 7, 7},
	} {
		first, second := lengths[0], lengths[1]
		once := tranship.CombineCRC32C(a, zeros(first+second), first+second)
		twice := tranship.CombineCRC32C(tranship.CombineCRC32C(a, zeros(first), first), zeros(second), second)
		if once != twice {
			t.Errorf("%d zeros at once make %08x, %d and then %d make %08x", first+second, once, first, second, twice)
		}
	}
}

func FuzzCombineCRC32C(f *testing.F) {
	f.Add([]byte(nil), []byte(nil))
	f.Add([]byte("1234"), []byte("56789"))
	f.Add([]byte(nil), ascending(100))
	f.Add(ascending(100), []byte(nil))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		got := tranship.CombineCRC32C(tranship.CRC32C(a), tranship.CRC32C(b), int64(len(b)))
		if want := tranship.CRC32C(append(bytes.Clone(a), b...)); got != want {
			t.Errorf("of %x and %x: %08x, want %08x", a, b, got, want)
		}
	})
}

func TestCheck(t *testing.T) {
	message := append([]byte("a/b"), 0, 0, 0, 0, 0, 0, 1, 2, 0xaa, 0xbb, 0xcc, 0xdd)
	want := tranship.Check("a/b", 0x102, 0xaabbccdd)
	if got := tranship.CRC32C(message); got != want {
		t.Errorf("Check is %08x, want %08x", want, got)
	}
	// Every bit of path, size and checksum changes the check.
	for i := range len("a/b") * 8 {
		path := []byte("a/b")
		path[i/8] ^= 1 << (i % 8)
		if tranship.Check(string(path), 0x102, 0xaabbccdd) == want {
			t.Errorf("bit %d of the path does not change the check", i)
		}
	}
	for i := range 64 {
		if tranship.Check("a/b", 0x102^1<<i, 0xaabbccdd) == want {
			t.Errorf("bit %d of the size does not change the check", i)
		}
	}
	for i := range 32 {
		if tranship.Check("a/b", 0x102, 0xaabbccdd^1<<i) == want {
			t.Errorf("bit %d of the checksum does not change the check", i)
		}
	}
}

func BenchmarkCombineCRC32C(b *testing.B) {
	for b.Loop() {
		tranship.CombineCRC32C(0x12345678, 0x9abcdef0, 1<<40-1)
	}
}
