package s3

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/tranship/tranship"
)

// settled is how old an object must be before the store relies on its description: engines
// record times to the second, and within one an object may change without a trace in a list.
const settled = 3 * time.Second

// entryCache has the descriptions of files that were listed, by path.
type entryCache = cache[string, listed]

// listed is a file with what a list says about its object. The file is that of the list for as
// long as the list says the same.
type listed struct {
	etag     string
	modified time.Time
	file     tranship.File
	account  *string
}

// line is one line of a list: an entry, a path that is skipped, or a file to be described.
type line struct {
	key string
	// object is what the list says about a file; nil for a directory.
	object *types.Object
	entry  tranship.Entry
	err    error
	// account is the one that a file counts for; nil for none.
	account *string
	// gone is set if the file does not exist any more.
	gone bool
}

// List implements tranship.Reader.
func (s *Store) List(ctx context.Context, options tranship.ListOptions) iter.Seq2[tranship.Entry, error] {
	return func(yield func(tranship.Entry, error) bool) {
		if err := options.Validate(); err != nil {
			yield(tranship.Entry{}, err)
			return
		}
		left := options.Limit
		for page, err := range s.pages(ctx, options) {
			if err != nil {
				yield(tranship.Entry{}, err)
				return
			}
			for len(page) > 0 {
				some := page[:min(len(page), parallel)]
				if left > 0 {
					some = some[:min(len(some), left)]
				}
				page = page[len(some):]
				s.describeAll(ctx, some)
				for _, line := range some {
					if line.gone {
						continue
					}
					if err := ctx.Err(); err != nil {
						yield(tranship.Entry{}, err)
						return
					}
					if !yield(line.entry, line.err) {
						return
					}
					if _, skipped := errors.AsType[*tranship.SkippedError](line.err); line.err != nil && !skipped {
						return
					}
					if line.err == nil && left > 0 {
						if left--; left == 0 {
							return
						}
					}
				}
			}
		}
	}
}

// describeAll describes the files of some lines.
func (s *Store) describeAll(ctx context.Context, lines []line) {
	s.requests(ctx, len(lines), func(i int) {
		line := &lines[i]
		if line.object == nil {
			return
		}
		path, etag, modified := line.entry.Path, aws.ToString(line.object.ETag), aws.ToTime(line.object.LastModified)
		if known, ok := s.entries.get(path); ok && known.etag == etag && known.modified.Equal(modified) {
			line.entry.File, line.account = tranship.Attributes{}.Apply(known.file), known.account
			return
		}
		now := time.Now()
		found, err := s.head(ctx, path)
		switch {
		case err != nil:
			line.err = err
		case found == nil:
			line.gone = true
		default:
			line.entry.File, line.account = found.file, found.account
			if found.etag == etag && now.Sub(modified) > settled {
				s.entries.put(path, listed{etag, modified, tranship.Attributes{}.Apply(found.file), found.account})
			}
		}
	})
}

// pages yields the lines of a list in their order, page by page.
func (s *Store) pages(ctx context.Context, options tranship.ListOptions) iter.Seq2[[]line, error] {
	return func(yield func([]line, error) bool) {
		input, ok := s.listInput(options)
		for ok {
			reply, err := s.client.ListObjectsV2(ctx, input)
			if err != nil {
				yield(nil, translated(ctx, err, "a list"))
				return
			}
			lines, end, err := s.lines(reply, options)
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(lines, nil) {
				return
			}
			if end || !aws.ToBool(reply.IsTruncated) {
				break
			}
			input.ContinuationToken, input.StartAfter = reply.NextContinuationToken, nil
		}
		if err := ctx.Err(); err != nil {
			yield(nil, err)
		}
	}
}

// listInput returns the first request of a list; false if the list has no entries.
func (s *Store) listInput(options tranship.ListOptions) (*awss3.ListObjectsV2Input, bool) {
	prefix := ""
	if options.Directory != "" {
		prefix = options.Directory + "/"
	}
	switch {
	case strings.HasPrefix(options.Prefix, prefix):
		prefix = options.Prefix
		if base := strings.TrimPrefix(prefix, options.Directory+"/"); !options.Recursive && strings.Contains(base, "/") {
			// Only the key of one directory can be in the list.
			prefix = prefix[:len(prefix)-len(base)] + base[:strings.Index(base, "/")+1]
			if prefix != options.Prefix {
				return nil, false
			}
			prefix = strings.TrimSuffix(prefix, "/")
		}
	case !strings.HasPrefix(prefix, options.Prefix):
		return nil, false
	}
	input := &awss3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: aws.String(s.keys.prefix + prefix), EncodingType: types.EncodingTypeUrl}
	if !options.Recursive {
		input.Delimiter = aws.String("/")
	}
	if options.StartAfter != "" {
		input.StartAfter = aws.String(s.keys.prefix + options.StartAfter)
	}
	if options.Limit > 0 && options.Limit < 1000 {
		input.MaxKeys = aws.Int32(int32(min(options.Limit+2, 1000))) // at most 1,000
	}
	return input, true
}

// lines returns the lines of a page in order, and whether the list has ended with them.
func (s *Store) lines(reply *awss3.ListObjectsV2Output, options tranship.ListOptions) (lines []line, end bool, err error) {
	add := func(key *string, object *types.Object) error {
		full, err := unescaped(reply, key)
		if err != nil {
			return err
		}
		path, ours := s.keys.path(full)
		if !ours || path == tranship.ReservedSegment+"/" {
			return nil
		}
		if options.Ends(path) {
			end = true
			return nil
		}
		if !options.Contains(path) {
			return nil
		}
		name := path
		if object == nil {
			name = strings.TrimSuffix(path, "/")
		}
		line := line{key: path, object: object, entry: tranship.Entry{File: tranship.File{Path: name}, IsDir: object == nil}}
		if invalid := tranship.ValidatePath(name); invalid != nil {
			if !options.ReportSkipped {
				return nil
			}
			line.object, line.err = nil, &tranship.SkippedError{Path: name, IsDir: object == nil, Err: invalid}
		}
		lines = append(lines, line)
		return nil
	}
	for i := range reply.Contents {
		if err := add(reply.Contents[i].Key, &reply.Contents[i]); err != nil {
			return nil, false, err
		}
	}
	for _, common := range reply.CommonPrefixes {
		if err := add(common.Prefix, nil); err != nil {
			return nil, false, err
		}
	}
	slices.SortFunc(lines, func(a, b line) int { return strings.Compare(a.key, b.key) })
	return lines, end, nil
}
