package rpcstatus

import (
	"fmt"
	"math"
	"strings"
	"unicode"

	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/tranship/tranship"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// Bounds on a status that another program sent.
const (
	// maxMessageBytes is enough for two paths and a sentence about them.
	maxMessageBytes = 4 << 10
	// maxDetailBytes is enough for the most missing ranges that a server reports, which
	// take some 25 bytes each.
	maxDetailBytes = 64 << 10
	maxDetails     = 16
)

// bounded returns a status that takes no more memory than those of our servers, and whose
// message is one line without control characters: a message that is too long is cut, and
// details that are too many or too large are dropped.
func bounded(s *status.Status) *status.Status {
	p := s.Proto()
	size := 0
	for _, detail := range p.GetDetails() {
		size += proto.Size(detail)
	}
	text := clip(escapeControls(clip(p.GetMessage(), maxMessageBytes)), maxMessageBytes)
	few := len(p.GetDetails()) <= maxDetails && size <= maxDetailBytes
	if few && text == p.GetMessage() {
		return s
	}
	kept := &spb.Status{Code: p.GetCode(), Message: text}
	if few {
		kept.Details = p.GetDetails()
	}
	return status.FromProto(kept)
}

// clip cuts a text after most bytes.
func clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// escapeControls replaces control characters.
func escapeControls(text string) string {
	if !strings.ContainsFunc(text, unicode.IsControl) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\n' || r == '\t':
			b.WriteByte(' ')
		case unicode.IsControl(r):
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// incomplete returns an IncompleteError with the missing ranges, of which a server
// reports the first 1,000, in ascending order. It returns nil if they are empty or not
// valid.
func incomplete(missing *transhipv1.MissingRanges) error {
	err := &tranship.IncompleteError{}
	end := int64(0)
	for _, r := range missing.GetRanges() {
		if r.GetOffset() < end || r.GetLength() < 1 || r.GetOffset() > math.MaxInt64-r.GetLength() || len(err.Missing) == maxMissingRanges {
			return nil
		}
		end = r.GetOffset() + r.GetLength()
		err.Missing = append(err.Missing, tranship.Range{Offset: r.GetOffset(), Length: r.GetLength()})
	}
	if len(err.Missing) == 0 {
		return nil
	}
	return err
}
