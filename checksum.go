package tranship

import (
	"encoding/binary"
	"hash/crc32"
	"math/bits"
)

// castagnoli is the table of CRC32C (polynomial 0x1EDC6F41; RFC 3720, B.4); the
// hash/crc32 package uses the processor's instruction for it.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// CRC32C is the checksum of data.
func CRC32C(data []byte) uint32 {
	return crc32.Checksum(data, castagnoli)
}

// UpdateCRC32C is the checksum of the bytes that crc is the checksum of, followed
// by data. The checksum of no bytes is 0.
func UpdateCRC32C(crc uint32, data []byte) uint32 {
	return crc32.Update(crc, castagnoli, data)
}

// CombineCRC32C is the checksum of a followed by b, from the checksums of both and
// the length of b in bytes, which must not be negative. It takes time logarithmic
// in the length.
//
// Appending n zero bytes to a message multiplies its remainder by x^(8n) modulo
// the polynomial, and remainders add; the method is that of zlib's crc32_combine.
func CombineCRC32C(a, b uint32, lengthB int64) uint32 {
	for n := uint64(lengthB); n != 0; n &= n - 1 {
		a = multiplyCRC32C(a, powers[bits.TrailingZeros64(n)])
	}
	return a ^ b
}

// powers has x^(8 * 2^k) for the k-th bit of a length.
var powers = powersCRC32C()

func powersCRC32C() (powers [63]uint32) {
	powers[0] = 1 << (31 - 8) // x^8; bit 31 is x^0 in reflected order
	for k := range len(powers) - 1 {
		powers[k+1] = multiplyCRC32C(powers[k], powers[k])
	}
	return powers
}

// multiplyCRC32C multiplies two polynomials modulo the CRC32C polynomial, all in
// reflected order.
func multiplyCRC32C(a, b uint32) uint32 {
	var product uint32
	for bit := uint32(1) << 31; bit != 0; bit >>= 1 {
		if a&bit != 0 {
			product ^= b
		}
		if b&1 != 0 {
			b = b>>1 ^ crc32.Castagnoli
		} else {
			b >>= 1
		}
	}
	return product
}

// Check guards a file's name together with its content: it is the CRC32C of the
// path's bytes, then the size as 8 bytes and the content's CRC32C as 4 bytes, both
// big-endian. Without it, a bit flipped in a path would commit perfect bytes under
// the wrong name.
func Check(path string, size int64, crc uint32) uint32 {
	message := make([]byte, 0, len(path)+12)
	message = append(message, path...)
	message = binary.BigEndian.AppendUint64(message, uint64(size))
	message = binary.BigEndian.AppendUint32(message, crc)
	return CRC32C(message)
}
