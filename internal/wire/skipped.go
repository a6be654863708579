package wire

import (
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rpcstatus"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// maxReasonBytes is the greatest length of the reason for skipping a file.
const maxReasonBytes = 4096

// SkippedToProto translates the report of a skipped file.
func SkippedToProto(skipped *tranship.SkippedError) *transhipv1.Skipped {
	return &transhipv1.Skipped{
		Path:        []byte(skipped.Path),
		IsDirectory: skipped.IsDir,
		Status:      rpcstatus.Proto(skipped.Err),
	}
}

// SkippedFromProto translates a server's report of a skipped file in the list of a
// directory. The error is tranship.ErrIntegrity if the path is not below the directory, or
// if the path or the reason is too long.
func SkippedFromProto(p *transhipv1.Skipped, directory string) (*tranship.SkippedError, error) {
	path := string(p.GetPath())
	name := path
	if directory != "" {
		var below bool
		if name, below = strings.CutPrefix(path, directory+"/"); !below {
			name = ""
		}
	}
	switch {
	case name == "" || len(path) > tranship.MaxSkippedPathBytes:
		return nil, fmt.Errorf("%w: the server reports that it skipped %.40q, which cannot be in the list of %q", tranship.ErrIntegrity, path, directory)
	case len(p.GetStatus().GetMessage()) > maxReasonBytes:
		return nil, fmt.Errorf("%w: the server sent a reason of %d bytes for skipping a file", tranship.ErrIntegrity, len(p.GetStatus().GetMessage()))
	}
	return &tranship.SkippedError{Path: path, IsDir: p.GetIsDirectory(), Err: rpcstatus.FromProto(p.GetStatus())}, nil
}

// ListItems yields the items of one message of the list of a directory, like
// tranship.Reader.List: entries, and between them *tranship.SkippedErrors in order of their
// keys. Any other error is a breach of the protocol, after which it yields nothing more.
func ListItems(response *transhipv1.ListResponse, directory string) iter.Seq2[tranship.Entry, error] {
	return func(yield func(tranship.Entry, error) bool) {
		skipped := response.GetSkipped()
		// before yields the skipped files up to a key; all of them if the key is "".
		before := func(key string) bool {
			for len(skipped) > 0 {
				next, err := SkippedFromProto(skipped[0], directory)
				if err != nil {
					yield(tranship.Entry{}, err)
					return false
				}
				if key != "" && next.Key() > key {
					return true
				}
				skipped = skipped[1:]
				if !yield(tranship.Entry{}, next) {
					return false
				}
			}
			return true
		}
		for _, p := range response.GetEntries() {
			entry, err := EntryFromProto(p)
			if err == nil && !before(entry.Key()) {
				return
			}
			if !yield(entry, err) || err != nil {
				return
			}
		}
		before("")
	}
}

// AddItem adds the next item of a list: an entry, or a *tranship.SkippedError.
func (s *ListSum) AddItem(entry tranship.Entry, err error) {
	skipped, ok := errors.AsType[*tranship.SkippedError](err)
	if !ok {
		s.Add(entry)
		return
	}
	s.skipped++
	s.skippedCRC = tranship.UpdateCRC32C(s.skippedCRC, append([]byte(skipped.Key()), 0))
}
