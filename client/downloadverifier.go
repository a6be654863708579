package client

import (
	"fmt"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/payload"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// downloadVerifier verifies the messages by which a server sends a file, or a range of
// one. Its errors match tranship.ErrIntegrity; after an error the caller must not use
// any of the file.
type downloadVerifier struct {
	file tranship.File
	// expected is how many bytes the server has to send in all, from offset start;
	// received counts those that came, and crc is their checksum.
	start, expected, received int64
	crc                       uint32
	// callCRC is the checksum of the bytes of the current call. It equals crc unless
	// the download continued in another call.
	callCRC uint32
}

// newDownloadVerifier checks the server's answer to an Open of path.
func newDownloadVerifier(opened *transhipv1.Opened, path string, options tranship.OpenOptions) (downloadVerifier, error) {
	file, err := wire.FileFromProto(opened.GetFile())
	if err != nil {
		return downloadVerifier{}, err
	}
	if file.Path != path {
		return downloadVerifier{}, fmt.Errorf("%w: the server opened %s instead of %s", tranship.ErrIntegrity, file.Path, path)
	}
	if options.Version != "" && file.Version != options.Version {
		return downloadVerifier{}, fmt.Errorf("%w: the server opened another version of %s than the requested one", tranship.ErrIntegrity, path)
	}
	if options.Offset > file.Size {
		return downloadVerifier{}, fmt.Errorf("%w: the server opened %s, of %d bytes, at offset %d", tranship.ErrIntegrity, path, file.Size, options.Offset)
	}
	expected := file.Size - options.Offset
	if options.Length != nil {
		expected = min(expected, *options.Length)
	}
	return downloadVerifier{file: file, start: options.Offset, expected: expected}, nil
}

// verifyChunk verifies the next chunk, and returns the checksum of its payload.
func (v *downloadVerifier) verifyChunk(header *transhipv1.Chunk, data *payload.Message) (crc uint32, err error) {
	crc, length := data.Sum(), int64(data.Len())
	switch {
	case header.Offset != nil && header.GetOffset() != v.start+v.received:
		return 0, fmt.Errorf("%w: the server sent offset %d of %s instead of %d",
			tranship.ErrIntegrity, header.GetOffset(), v.file.Path, v.start+v.received)
	case length > v.expected-v.received:
		return 0, fmt.Errorf("%w: the server sent more bytes of %s than it has", tranship.ErrIntegrity, v.file.Path)
	case header.Crc32C != nil && header.GetCrc32C() != crc:
		return 0, fmt.Errorf("%w: %s was damaged in transit, at offset %d", tranship.ErrIntegrity, v.file.Path, v.start+v.received)
	}
	v.crc = tranship.CombineCRC32C(v.crc, crc, length)
	v.callCRC = tranship.CombineCRC32C(v.callCRC, crc, length)
	v.received += length
	return crc, nil
}

// verifyZeros verifies the next run of zeros.
func (v *downloadVerifier) verifyZeros(zeros *transhipv1.Zeros) error {
	length := zeros.GetLength()
	switch {
	case zeros.Offset != nil && zeros.GetOffset() != v.start+v.received:
		return fmt.Errorf("%w: the server sent offset %d of %s instead of %d",
			tranship.ErrIntegrity, zeros.GetOffset(), v.file.Path, v.start+v.received)
	case length <= 0:
		return fmt.Errorf("%w: the server sent %d zeros of %s", tranship.ErrIntegrity, length, v.file.Path)
	case length > v.expected-v.received:
		return fmt.Errorf("%w: the server sent more bytes of %s than it has", tranship.ErrIntegrity, v.file.Path)
	}
	crc := tranship.ZerosCRC32C(length)
	v.crc = tranship.CombineCRC32C(v.crc, crc, length)
	v.callCRC = tranship.CombineCRC32C(v.callCRC, crc, length)
	v.received += length
	return nil
}

// verifyEnd verifies that all requested bytes came, with the checksum that the server
// sent.
func (v *downloadVerifier) verifyEnd(done *transhipv1.Done) error {
	whole := v.start == 0 && v.expected == v.file.Size
	switch {
	case v.received != v.expected:
		return fmt.Errorf("%w: the server sent %d bytes of %s instead of %d", tranship.ErrIntegrity, v.received, v.file.Path, v.expected)
	case done.GetCrc32C() != v.callCRC, whole && v.file.CRC32C != nil && *v.file.CRC32C != v.crc:
		return fmt.Errorf("%w: the bytes that the server sent of %s do not have its CRC32C", tranship.ErrIntegrity, v.file.Path)
	default:
		return nil
	}
}

// remaining returns the options of a call that asks for the bytes that have not come.
func (v *downloadVerifier) remaining() tranship.OpenOptions {
	return tranship.OpenOptions{Offset: v.start + v.received, Length: new(v.expected - v.received), Version: v.file.Version}
}

// resume checks the server's answer to an Open with the remaining options, of which rest
// is the verifier, and prepares v for the chunks of that call.
func (v *downloadVerifier) resume(rest downloadVerifier) error {
	if rest.file.Size != v.file.Size || rest.expected != v.expected-v.received {
		return fmt.Errorf("%w: the server opened %s with another size than in the previous call", tranship.ErrIntegrity, v.file.Path)
	}
	v.callCRC = 0
	return nil
}
