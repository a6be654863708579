package client

import (
	"fmt"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/payload"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// delivery is a file, or a range of one, that a server sends, and verifies what it
// sends. Errors match tranship.ErrIntegrity; after one nothing of it is to be used.
type delivery struct {
	file tranship.File
	// expected is how many bytes there are to come in all, from start on; received
	// how many came, with their checksum.
	start, expected, received int64
	crc                       uint32
	// callCRC is the checksum of what came in the call of now: that of all, unless it
	// went on in another call.
	callCRC uint32
}

// newDelivery begins what a server opened when it was asked for path.
func newDelivery(opened *transhipv1.Opened, path string, options tranship.OpenOptions) (delivery, error) {
	file, err := wire.FileFromProto(opened.GetFile())
	if err != nil {
		return delivery{}, err
	}
	if file.Path != path {
		return delivery{}, fmt.Errorf("%w: the server opened %s instead of %s", tranship.ErrIntegrity, file.Path, path)
	}
	if options.Version != "" && file.Version != options.Version {
		return delivery{}, fmt.Errorf("%w: the server opened another version of %s than was asked for", tranship.ErrIntegrity, path)
	}
	if options.Offset > file.Size {
		return delivery{}, fmt.Errorf("%w: the server opened %s, of %d bytes, at offset %d", tranship.ErrIntegrity, path, file.Size, options.Offset)
	}
	expected := file.Size - options.Offset
	if options.Length != nil {
		expected = min(expected, *options.Length)
	}
	return delivery{file: file, start: options.Offset, expected: expected}, nil
}

// take counts a chunk, and returns the checksum of its payload.
func (d *delivery) take(header *transhipv1.Chunk, data *payload.Message) (crc uint32, err error) {
	crc, length := data.Sum(), int64(data.Len())
	switch {
	case header.Offset != nil && header.GetOffset() != d.start+d.received:
		return 0, fmt.Errorf("%w: the server sent offset %d of %s instead of %d",
			tranship.ErrIntegrity, header.GetOffset(), d.file.Path, d.start+d.received)
	case length > d.expected-d.received:
		return 0, fmt.Errorf("%w: the server sent more of %s than there is", tranship.ErrIntegrity, d.file.Path)
	case header.Crc32C != nil && header.GetCrc32C() != crc:
		return 0, fmt.Errorf("%w: %s was damaged on its way, at offset %d", tranship.ErrIntegrity, d.file.Path, d.start+d.received)
	}
	d.crc = tranship.CombineCRC32C(d.crc, crc, length)
	d.callCRC = tranship.CombineCRC32C(d.callCRC, crc, length)
	d.received += length
	return crc, nil
}

// end tells whether all came that the server says to have sent.
func (d *delivery) end(done *transhipv1.Done) error {
	whole := d.start == 0 && d.expected == d.file.Size
	switch {
	case d.received != d.expected:
		return fmt.Errorf("%w: the server sent %d bytes of %s instead of %d", tranship.ErrIntegrity, d.received, d.file.Path, d.expected)
	case done.GetCrc32C() != d.callCRC, whole && d.file.CRC32C != nil && *d.file.CRC32C != d.crc:
		return fmt.Errorf("%w: what the server sent of %s does not have its CRC32C", tranship.ErrIntegrity, d.file.Path)
	default:
		return nil
	}
}

// rest is what to ask for in another call, for what has not come.
func (d *delivery) rest() tranship.OpenOptions {
	return tranship.OpenOptions{Offset: d.start + d.received, Length: new(d.expected - d.received), Version: d.file.Version}
}

// goOn takes over what a server opened when it was asked for the rest.
func (d *delivery) goOn(rest delivery) error {
	if rest.file.Size != d.file.Size || rest.expected != d.expected-d.received {
		return fmt.Errorf("%w: the server opened %s with another size than before", tranship.ErrIntegrity, d.file.Path)
	}
	d.callCRC = 0
	return nil
}
