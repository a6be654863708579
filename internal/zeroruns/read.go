// Package zeroruns reads contents that know runs of zeros.
package zeroruns

import (
	"io"

	"github.com/tranship/tranship"
)

// ReadFull reads n bytes: until the buffer is full, or an error, or a run of zeros that the
// content knows. zeros is then the length of the run, which follows the n bytes and which
// ReadFull has skipped. n and zeros together are at most most, which must be positive. An
// error is that of the content, as it is. zeroReader may be nil: then there are no runs.
func ReadFull(content io.Reader, zeroReader tranship.ZeroReader, buffer []byte, most int64) (n int, zeros int64, err error) {
	for n < len(buffer) && int64(n) < most && err == nil {
		if zeroReader != nil {
			if zeros, err = zeroReader.ReadZeros(most - int64(n)); zeros > 0 || err != nil {
				break
			}
		}
		var m int
		m, err = content.Read(buffer[n:min(int64(len(buffer)), most)])
		n += m
	}
	return n, zeros, err
}
