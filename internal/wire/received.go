package wire

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tranship/tranship"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// Limits on the messages of a server. A client refuses a message beyond them with
// tranship.ErrIntegrity, before it keeps any of it.
const (
	// MaxVersionBytes is the greatest length of the version of a file; see File.version.
	MaxVersionBytes = 128
	// maxNameBytes bounds the id of an upload and the name of a server's version.
	maxNameBytes = 256
	// maxParts is the largest number of parts of an upload, unless its parts have at
	// least largePart bytes. The client keeps some words for each.
	maxParts  = 1 << 16
	largePart = 64 << 20
	// maxRanges is the largest number of ranges in one message.
	maxRanges = 1 << 16
	// MaxFields is the largest number of fields in a message from a server, including
	// those of nested messages: each takes more memory than it has bytes in the message.
	// A page of 256 entries with the most metadata allowed has about 52,000.
	MaxFields = 1 << 17
	// MaxEmptyMessages is the largest number of messages in a row without content that a
	// server may send on a stream.
	MaxEmptyMessages = 1000
)

// breach returns the error for a message of a server that breaks the protocol.
func breach(format string, args ...any) error {
	return fmt.Errorf("%w: the server sent %s", tranship.ErrIntegrity, fmt.Sprintf(format, args...))
}

// CheckEmpty fails if n, the number of messages in a row without content, exceeds
// MaxEmptyMessages.
func CheckEmpty(n int) error {
	if n > MaxEmptyMessages {
		return breach("more than %d messages in a row without content", MaxEmptyMessages)
	}
	return nil
}

// FileFromProto translates the description of a file by a server, which is not trusted.
// The error is tranship.ErrIntegrity if the path, size, time, mode, version or metadata is
// invalid.
func FileFromProto(file *transhipv1.File) (tranship.File, error) {
	path := file.GetPath()
	if err := tranship.ValidatePath(path); err != nil {
		return tranship.File{}, breach("a file with an %v (%.100q)", err, path)
	}
	if file.GetSize() < 0 {
		return tranship.File{}, breach("a negative size for %s", path)
	}
	if version := file.GetVersion(); len(version) > MaxVersionBytes || !isName(version) {
		return tranship.File{}, breach("a version of %d bytes for %s: it must have at most %d, and no control characters", len(version), path, MaxVersionBytes)
	}
	if mode := file.GetMode(); mode > uint32(fs.ModePerm) {
		return tranship.File{}, breach("mode %#o for %s: it must be within 0777", mode, path)
	}
	attributes := tranship.Attributes{Metadata: file.GetMetadata()}
	if err := attributes.Validate(); err != nil {
		return tranship.File{}, breach("metadata of %s with an %v", path, err)
	}
	modified, err := timeFromProto(file.GetModifiedTime())
	if err != nil {
		return tranship.File{}, breach("an invalid modified time for %s: %v", path, err)
	}
	var unit time.Duration
	if p := file.GetModifiedTimeUnit(); p != nil {
		if unit = p.AsDuration(); !p.IsValid() || unit < 0 || unit > tranship.MaxModTimeUnit {
			return tranship.File{}, breach("a unit of the modified time for %s that is not from 0 to %s", path, tranship.MaxModTimeUnit)
		}
	}
	return tranship.File{
		Path:        path,
		Size:        file.GetSize(),
		ModTime:     modified,
		ModTimeUnit: unit,
		Mode:        fs.FileMode(file.GetMode()),
		Version:     file.GetVersion(),
		CRC32C:      file.Crc32C,
		Metadata:    file.GetMetadata(),
	}, nil
}

// isName reports whether a text from a server can be a name: it must be valid UTF-8 without
// control characters.
func isName(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl)
}

// timeFromProto translates a time. nil becomes the zero time.
func timeFromProto(t *timestamppb.Timestamp) (time.Time, error) {
	if t == nil {
		return time.Time{}, nil
	}
	if err := t.CheckValid(); err != nil {
		return time.Time{}, err
	}
	return t.AsTime(), nil
}

// EntryFromProto translates an entry that a server sent, with the checks of FileFromProto.
func EntryFromProto(p *transhipv1.Entry) (tranship.Entry, error) {
	switch entry := p.GetEntry().(type) {
	case *transhipv1.Entry_File:
		file, err := FileFromProto(entry.File)
		return tranship.Entry{File: file}, err
	case *transhipv1.Entry_Directory:
		if err := tranship.ValidatePath(entry.Directory); err != nil {
			return tranship.Entry{}, breach("a directory with an %v (%.100q)", err, entry.Directory)
		}
		return tranship.Entry{File: tranship.File{Path: entry.Directory}, IsDir: true}, nil
	default:
		return tranship.Entry{}, breach("an entry that is neither file nor directory")
	}
}

// ListOrder checks that the entries of a list are within the directory, after StartAfter,
// in ascending order and not repeated. It does not check Prefix, EndBefore and Limit. A
// hostile list may still be endless: a caller must not collect it without a limit.
type ListOrder struct {
	options tranship.ListOptions
	prefix  string
	last    string
}

// NewListOrder returns a ListOrder for a list with options.
func NewListOrder(options tranship.ListOptions) *ListOrder {
	o := &ListOrder{options: options, last: options.StartAfter}
	if options.Directory != "" {
		o.prefix = options.Directory + "/"
	}
	return o
}

// Check checks the next item of a list: an entry, or a *tranship.SkippedError that
// SkippedFromProto has returned.
func (o *ListOrder) Check(entry tranship.Entry, err error) error {
	if skipped, ok := errors.AsType[*tranship.SkippedError](err); ok {
		if skipped.Key() < o.last {
			return breach("the skipped file %.100q in a list after %q: a list must be in ascending order", skipped.Key(), o.last)
		}
		o.last = skipped.Key()
		return nil
	}
	key := entry.Key()
	name, inside := strings.CutPrefix(entry.Path, o.prefix)
	switch {
	case !inside || !o.options.Recursive && strings.Contains(name, "/"):
		return breach("%s in the list of %q", key, o.options.Directory)
	case o.options.Recursive && entry.IsDir:
		return breach("the directory %s in a list of files", key)
	case key <= o.last:
		return breach("%s in a list after %q: entries must be in ascending order", key, o.last)
	}
	o.last = key
	return nil
}

// UploadOrder checks that unfinished uploads are within the requested directory, in
// ascending order of path and id, and not repeated.
type UploadOrder struct {
	// Directory is the requested directory; "" is the root.
	Directory string
	path, id  string
	begun     bool
}

// Check checks the next upload.
func (o *UploadOrder) Check(info tranship.UploadInfo) error {
	if o.Directory != "" && info.Path != o.Directory && !strings.HasPrefix(info.Path, o.Directory+"/") {
		return breach("an upload of %s in the list of %q", info.Path, o.Directory)
	}
	if o.begun && (info.Path < o.path || info.Path == o.path && info.ID <= o.id) {
		return breach("an upload of %s in a list after one of %s: they must be in ascending order", info.Path, o.path)
	}
	o.path, o.id, o.begun = info.Path, info.ID, true
	return nil
}

// UploadFromProto translates a server's description of an unfinished upload. The error is
// tranship.ErrIntegrity if it is invalid.
func UploadFromProto(p *transhipv1.Upload) (tranship.UploadInfo, error) {
	path := p.GetPath()
	if err := tranship.ValidatePath(path); err != nil {
		return tranship.UploadInfo{}, breach("an upload with an %v (%.100q)", err, path)
	}
	if err := checkUploadID(p.GetUploadId()); err != nil {
		return tranship.UploadInfo{}, err
	}
	if p.GetSize() < 0 || p.GetDurableBytes() < 0 || p.Size != nil && p.GetDurableBytes() > p.GetSize() {
		return tranship.UploadInfo{}, breach("an upload of %s with %d of %d bytes", path, p.GetDurableBytes(), p.GetSize())
	}
	info := tranship.UploadInfo{ID: p.GetUploadId(), Path: path, Size: p.GetSize(), DurableBytes: p.GetDurableBytes()}
	var err error
	if info.Created, err = timeFromProto(p.GetCreatedTime()); err == nil {
		info.Expires, err = timeFromProto(p.GetExpireTime())
	}
	if err != nil {
		return tranship.UploadInfo{}, breach("an invalid time for the upload of %s: %v", path, err)
	}
	return info, nil
}

func checkUploadID(id string) error {
	if len(id) > maxNameBytes || !isName(id) {
		return breach("an upload id of %d bytes: it must have at most %d, and no control characters", len(id), maxNameBytes)
	}
	return nil
}

// CheckBegun checks the reply to the begin of an upload. size is the size of the file in
// bytes, and nil if it is unknown.
func CheckBegun(begun *transhipv1.Begun, size *int64) error {
	partSize := begun.GetPartSize()
	switch {
	case begun.GetUploadId() == "":
		return breach("no upload id")
	case begun.GetEpoch() < 1:
		return breach("epoch 0: an upload's first is 1")
	case partSize < 1:
		return breach("part size %d", partSize)
	case size != nil && partSize < largePart && *size/partSize > maxParts:
		return breach("part size %d for %d bytes: there must be at most %d parts of less than %d bytes", partSize, *size, maxParts, largePart)
	case len(begun.GetDurable()) > maxRanges && partSize < largePart:
		return breach("%d durable ranges: there must be at most %d", len(begun.GetDurable()), maxRanges)
	}
	return checkUploadID(begun.GetUploadId())
}

// CheckRanges checks the ranges that a server reports as durable.
func CheckRanges(ranges []*transhipv1.Range) error {
	if len(ranges) > maxRanges {
		return breach("%d ranges in one message: there must be at most %d", len(ranges), maxRanges)
	}
	for _, r := range ranges {
		if !IsRange(r) {
			return breach("a range of %d bytes at offset %d", r.GetLength(), r.GetOffset())
		}
	}
	return nil
}

// IsRange reports whether a range is not empty, and does not end beyond the largest size.
func IsRange(r *transhipv1.Range) bool {
	return r.GetOffset() >= 0 && r.GetLength() > 0 && r.GetOffset() <= math.MaxInt64-r.GetLength()
}

// CheckServerInfo checks a server's description of itself.
func CheckServerInfo(info *transhipv1.GetServerInfoResponse) error {
	if version := info.GetServerVersion(); len(version) > maxNameBytes || !isName(version) {
		return breach("a software version of %d bytes: it must have at most %d, and no control characters", len(version), maxNameBytes)
	}
	if info.GetMaxMessageBytes() < 0 || info.GetMaxChunkBytes() < 0 || info.GetMaxPutBytes() < 0 ||
		info.GetMaxUnfinishedSlots() < 0 || info.GetMaxQueuedReplies() < 0 {
		return breach("a negative limit")
	}
	return nil
}
