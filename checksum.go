package tranship

import (
	"encoding/binary"
	"hash/crc32"
	"math/bits"
)

// castagnoli is the table of CRC32C (polynomial 0x1EDC6F41; RFC 3720, B.4); the
// hash/crc32 package uses the processor's instruction for it.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// CRC32C returns the CRC32C checksum of data.
func CRC32C(data []byte) uint32 {
	return crc32.Checksum(data, castagnoli)
}

// UpdateCRC32C returns the checksum of some bytes followed by data. crc is the checksum
// of those bytes; it is 0 for no bytes.
func UpdateCRC32C(crc uint32, data []byte) uint32 {
	return crc32.Update(crc, castagnoli, data)
}

// CombineCRC32C returns the checksum of two byte sequences, one after the other. a and b
// are the checksums of the first and the second, and lengthB is the length of the second
// in bytes, which must not be negative. CombineCRC32C takes time logarithmic in lengthB.
func CombineCRC32C(a, b uint32, lengthB int64) uint32 {
	// Appending n zero bytes to a message multiplies its remainder by x^(8n) modulo the
	// polynomial, and remainders add. zlib's crc32_combine uses the same method.
	for n := uint64(lengthB); n != 0; n &= n - 1 {
		a = multiplyCRC32C(a, powers[bits.TrailingZeros64(n)])
	}
	return a ^ b
}

// powers[k] is x^(8 * 2^k), for bit k of a length.
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

// Check returns a checksum of a file's path together with its content: the CRC32C of the
// bytes of path, then size in 8 bytes and crc, the CRC32C of the content, in 4 bytes, both
// big-endian. A bit that flips in a path on the way would otherwise commit the right bytes
// under the wrong name.
func Check(path string, size int64, crc uint32) uint32 {
	message := make([]byte, 0, len(path)+12)
	message = append(message, path...)
	message = binary.BigEndian.AppendUint64(message, uint64(size))
	message = binary.BigEndian.AppendUint32(message, crc)
	return CRC32C(message)
}
