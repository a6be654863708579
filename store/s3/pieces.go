package s3

import (
	"errors"
	"io"
)

// pieces reads bytes that are in pieces. It is an io.ReadSeeker, so that the client can send
// the bytes again.
type pieces struct {
	all  [][]byte
	size int64
	// at is the next byte, which is byte offset of piece.
	at            int64
	piece, offset int
}

func newPieces(all [][]byte) *pieces {
	p := &pieces{all: all}
	for _, piece := range all {
		p.size += int64(len(piece))
	}
	return p
}

// piecesFrom returns the bytes from first on, in pieces that share their memory with all.
func piecesFrom(all [][]byte, first int64) [][]byte {
	for i, piece := range all {
		if first < int64(len(piece)) {
			return append([][]byte{piece[first:]}, all[i+1:]...)
		}
		first -= int64(len(piece))
	}
	return nil
}

func (p *pieces) Read(buffer []byte) (n int, err error) {
	for n < len(buffer) && p.piece < len(p.all) {
		got := copy(buffer[n:], p.all[p.piece][p.offset:])
		n += got
		if p.offset += got; p.offset == len(p.all[p.piece]) {
			p.piece, p.offset = p.piece+1, 0
		}
	}
	p.at += int64(n)
	if n == 0 && len(buffer) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// Seek implements io.Seeker.
func (p *pieces) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += p.at
	case io.SeekEnd:
		offset += p.size
	}
	if offset < 0 || offset > p.size {
		return 0, errors.New("seeking beyond the bytes of a part")
	}
	p.at, p.piece, p.offset = offset, 0, 0
	for left := offset; p.piece < len(p.all) && left > 0; {
		if length := int64(len(p.all[p.piece])); left >= length {
			left -= length
			p.piece++
			continue
		}
		p.offset, left = int(left), 0
	}
	return offset, nil
}
