// Package wire translates the types of package tranship to and from the messages of
// tranship.v1, and defines the limits of that protocol. It checks the messages of the other
// side.
package wire

import (
	"fmt"
	"io/fs"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tranship/tranship"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// Limits of the protocol; file_service.proto explains them.
const (
	MaxChunkBytes      = 1 << 20
	MaxUnfinishedSlots = 256
	MaxQueuedReplies   = 16384
)

// MaxAwaitedFiles is how many small files a client has under way on one stream: puts, which do not
// count as unfinished slots, or opens, of which those beyond MaxUnfinishedSlots wait at the server.
// So many files of 4 KiB fill a link of 1 Gbit/s with a round trip of 50 ms.
const MaxAwaitedFiles = 2048

// LaneVersion is the version of the protocol of lanes, which docs/lanes.md specifies.
const LaneVersion = 1

// CopyReportInterval is how often a server reports the progress of a copy: more often than
// the shortest timeouts that are usual in proxies, 10 s.
const CopyReportInterval = 3 * time.Second

// DefaultMaxMessageBytes is the size of the largest message that a client accepts by
// default. It is grpc-go's default, and larger than any message of this protocol.
const DefaultMaxMessageBytes = 4 << 20

// FileToProto translates a file of a store.
func FileToProto(file tranship.File) *transhipv1.File {
	p := &transhipv1.File{}
	SetFile(p, file)
	return p
}

// SetFile makes p describe a file of a store. p is new, or was set before: then SetFile uses its
// memory again.
func SetFile(p *transhipv1.File, file tranship.File) {
	p.Path, p.Size, p.Version = file.Path, file.Size, file.Version
	p.Mode = uint32(file.Mode & fs.ModePerm)
	p.Crc32C, p.Metadata = file.CRC32C, file.Metadata
	if p.ModifiedTime == nil {
		p.ModifiedTime = &timestamppb.Timestamp{}
	}
	p.ModifiedTime.Seconds, p.ModifiedTime.Nanos = file.ModTime.Unix(), int32(file.ModTime.Nanosecond()) //nolint:gosec // less than 1e9
	if p.ModifiedTime.CheckValid() != nil {
		p.ModifiedTime = nil // unknown: a message cannot have a time before the year 1 or after 9999
	}
	p.ModifiedTimeUnit = nil
	if file.ModTimeUnit > 0 {
		p.ModifiedTimeUnit = durationpb.New(file.ModTimeUnit)
	}
}

// RevisedToProto is FileToProto with the file's revision, for replies on which a client may
// base its next change.
func RevisedToProto(file tranship.File) *transhipv1.File {
	p := FileToProto(file)
	p.Revision = file.Revision()
	return p
}

// AttributesToProto translates attributes. It returns nil if none are set.
func AttributesToProto(attributes tranship.Attributes) *transhipv1.Attributes {
	if attributes.ModTime == nil && attributes.Mode == nil && attributes.Metadata == nil {
		return nil
	}
	p := &transhipv1.Attributes{}
	if attributes.ModTime != nil {
		p.ModifiedTime = timestamppb.New(*attributes.ModTime)
	}
	if attributes.Mode != nil {
		p.Mode = new(uint32(*attributes.Mode))
	}
	if attributes.Metadata != nil {
		p.Metadata = &transhipv1.Metadata{Entries: attributes.Metadata}
	}
	return p
}

// AttributesFromProto translates and checks the attributes that a client sent.
func AttributesFromProto(p *transhipv1.Attributes) (tranship.Attributes, error) {
	var attributes tranship.Attributes
	if t := p.GetModifiedTime(); t != nil {
		if t.CheckValid() != nil {
			return attributes, &tranship.InvalidError{Field: "attributes.modified_time", Rule: "a time must be within the years 1 to 9999"}
		}
		attributes.ModTime = new(t.AsTime())
	}
	if p != nil && p.Mode != nil {
		attributes.Mode = new(fs.FileMode(p.GetMode()))
	}
	if p.GetMetadata() != nil {
		attributes.Metadata = p.GetMetadata().GetEntries()
		if attributes.Metadata == nil {
			attributes.Metadata = map[string]string{}
		}
	}
	return attributes, attributes.Validate()
}

// PreconditionToProto translates a valid precondition. It returns nil if it is empty. It
// ignores the version of a source, which is a field of the messages that have a source.
func PreconditionToProto(precondition tranship.Precondition) *transhipv1.Precondition {
	switch {
	case precondition.MustNotExist:
		return &transhipv1.Precondition{Condition: &transhipv1.Precondition_MustNotExist{MustNotExist: true}}
	case precondition.MustMatchVersion != "":
		return &transhipv1.Precondition{Condition: &transhipv1.Precondition_MustMatchVersion{
			MustMatchVersion: precondition.MustMatchVersion,
		}}
	case precondition.MustMatchRevision != "":
		return &transhipv1.Precondition{Condition: &transhipv1.Precondition_MustMatchRevision{
			MustMatchRevision: precondition.MustMatchRevision,
		}}
	default:
		return nil
	}
}

// PreconditionFromProto translates a precondition. A version or revision that is present
// but empty is an *InvalidError: it matches no file, and must not mean "none". A condition
// from a later protocol is ErrUnsupported, for the same reason.
func PreconditionFromProto(p *transhipv1.Precondition) (tranship.Precondition, error) {
	if p != nil && len(p.ProtoReflect().GetUnknown()) > 0 {
		return tranship.Precondition{}, fmt.Errorf("%w: the precondition has a field that this server does not know", tranship.ErrUnsupported)
	}
	switch condition := p.GetCondition().(type) {
	case *transhipv1.Precondition_MustMatchVersion:
		if condition.MustMatchVersion == "" {
			return tranship.Precondition{}, &tranship.InvalidError{
				Field: "precondition.must_match_version", Rule: "a version must not be empty",
			}
		}
	case *transhipv1.Precondition_MustMatchRevision:
		if condition.MustMatchRevision == "" {
			return tranship.Precondition{}, &tranship.InvalidError{
				Field: "precondition.must_match_revision", Rule: "a revision must not be empty",
			}
		}
	}
	return tranship.Precondition{
		MustNotExist:      p.GetMustNotExist(),
		MustMatchVersion:  p.GetMustMatchVersion(),
		MustMatchRevision: p.GetMustMatchRevision(),
	}, nil
}

// TransplantFromProto translates the precondition of a move or copy with the required
// version of its source. "" means that any version matches.
func TransplantFromProto(p *transhipv1.Precondition, sourceVersion string) (tranship.Precondition, error) {
	precondition, err := PreconditionFromProto(p)
	precondition.MustMatchSourceVersion = sourceVersion
	return precondition, err
}

// DurabilityToProto translates a durability.
func DurabilityToProto(d tranship.Durability) transhipv1.Durability {
	switch d {
	case tranship.DurabilityWritten:
		return transhipv1.Durability_DURABILITY_WRITTEN
	case tranship.DurabilityDurable:
		return transhipv1.Durability_DURABILITY_DURABLE
	default:
		return transhipv1.Durability_DURABILITY_UNSPECIFIED
	}
}

// DurabilityFromProto translates a durability. A value from a later protocol is an
// *InvalidError, because it may promise more than the known ones.
func DurabilityFromProto(d transhipv1.Durability) (tranship.Durability, error) {
	switch d {
	case transhipv1.Durability_DURABILITY_UNSPECIFIED:
		return tranship.DurabilityDefault, nil
	case transhipv1.Durability_DURABILITY_WRITTEN:
		return tranship.DurabilityWritten, nil
	case transhipv1.Durability_DURABILITY_DURABLE:
		return tranship.DurabilityDurable, nil
	default:
		return 0, &tranship.InvalidError{Field: "durability", Rule: "must be written or durable"}
	}
}

// RangeToProto translates a range.
func RangeToProto(r tranship.Range) *transhipv1.Range {
	return &transhipv1.Range{Offset: r.Offset, Length: r.Length, Crc32C: r.CRC32C}
}

// ListSum is the checksum of a list: it detects missing and altered items. The zero value is
// that of an empty list.
type ListSum struct {
	count int64
	crc   uint32
	// skipped and skippedCRC are those of the skipped files.
	skipped    int64
	skippedCRC uint32
}

// Add adds the next entry.
func (s *ListSum) Add(entry tranship.Entry) {
	s.count++
	s.crc = tranship.UpdateCRC32C(s.crc, append([]byte(entry.Key()), 0))
}

// End returns the message that follows the last entry.
func (s *ListSum) End() *transhipv1.ListEnd {
	return &transhipv1.ListEnd{EntryCount: s.count, Crc32C: s.crc, SkippedCount: s.skipped, SkippedCrc32C: s.skippedCRC}
}

// Verify compares the end that a server sent, nil if it sent none, with the items before
// it.
func (s *ListSum) Verify(end *transhipv1.ListEnd) error {
	switch {
	case end == nil:
		return fmt.Errorf("%w: the list ended early, after %d entries", tranship.ErrIntegrity, s.count)
	case end.GetEntryCount() != s.count || end.GetCrc32C() != s.crc,
		end.GetSkippedCount() != s.skipped || end.GetSkippedCrc32C() != s.skippedCRC:
		return fmt.Errorf("%w: the list does not match its checksum", tranship.ErrIntegrity)
	default:
		return nil
	}
}

// EntryToProto translates an entry of a list.
func EntryToProto(entry tranship.Entry) *transhipv1.Entry {
	if entry.IsDir {
		return &transhipv1.Entry{Entry: &transhipv1.Entry_Directory{Directory: entry.Path}}
	}
	return &transhipv1.Entry{Entry: &transhipv1.Entry_File{File: FileToProto(entry.File)}}
}
