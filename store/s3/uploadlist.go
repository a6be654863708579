package s3

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/tranship/tranship"
)

// ListUploads implements tranship.Uploads. It needs two requests for each upload. The order of the
// sessions in the bucket is another one, so that it reads all sessions again for each 4,096 uploads.
func (s *Store) ListUploads(ctx context.Context, directory string) iter.Seq2[tranship.UploadInfo, error] {
	return func(yield func(tranship.UploadInfo, error) bool) {
		if err := tranship.ValidateDirectory(directory); err != nil {
			yield(tranship.UploadInfo{}, err)
			return
		}
		var last *session
		for more := true; more; {
			var next []*session
			var err error
			if next, more, err = s.nextUploads(ctx, directory, last); err != nil {
				yield(tranship.UploadInfo{}, err)
				return
			}
			if !s.yieldInfos(ctx, next, yield) {
				return
			}
			if more {
				last = next[len(next)-1]
			}
		}
		if err := ctx.Err(); err != nil {
			yield(tranship.UploadInfo{}, err)
		}
	}
}

// yieldInfos yields the descriptions of uploads that have not expired. It returns false after an error,
// or if the list has ended.
func (s *Store) yieldInfos(ctx context.Context, all []*session, yield func(tranship.UploadInfo, error) bool) bool {
	for some := range slices.Chunk(all, parallel) {
		infos, errs := make([]tranship.UploadInfo, len(some)), make([]error, len(some))
		s.requests(ctx, len(some), func(i int) { infos[i], errs[i] = s.info(ctx, some[i]) })
		for i, info := range infos {
			if errs[i] == nil {
				errs[i] = ctx.Err()
			}
			switch {
			case errs[i] != nil:
				yield(tranship.UploadInfo{}, errs[i])
				return false
			case !time.Now().Before(info.Expires):
			case !yield(info, nil):
				return false
			}
		}
	}
	return true
}

// uploadsAtOnce is how many sessions of a list are in memory at most, beside as many that may yet
// come before them.
const uploadsAtOnce = 4096

// nextUploads returns the sessions of unfinished uploads of files at or below a directory that follow
// last, which is nil for the first ones, in their order. If there are more, it returns true.
func (s *Store) nextUploads(ctx context.Context, directory string, last *session) (next []*session, more bool, err error) {
	shorten := func() {
		slices.SortFunc(next, (*session).compare)
		if len(next) > s.atOnce {
			clear(next[s.atOnce:])
			next, more = next[:s.atOnce], true
		}
	}
	for x, err := range s.sessions(ctx) {
		if err != nil {
			return nil, false, err
		}
		below := directory == "" || x.Path == directory || strings.HasPrefix(x.Path, directory+"/")
		if !below || !x.isUnfinished() || last != nil && x.compare(last) <= 0 {
			continue
		}
		if next = append(next, x.listed()); len(next) == 2*s.atOnce {
			shorten()
		}
	}
	shorten()
	return next, more, nil
}

// compare compares sessions by path and ID.
func (x *session) compare(other *session) int {
	return cmp.Or(cmp.Compare(x.Path, other.Path), cmp.Compare(x.ID, other.ID))
}

// listedParts is how many parts the sessions of a list have at most. Those of others are loaded again.
const listedParts = 16

// listed returns a copy with what info needs.
func (x *session) listed() *session {
	listed := &session{
		ID: x.ID, Path: x.Path, Size: x.Size, ResumeKey: x.ResumeKey, Owner: x.Owner, State: x.State, PartSize: x.PartSize,
		Created: x.Created, Used: x.Used, UploadID: x.UploadID, Dropped: x.Dropped, Noted: x.Noted, Tail: x.Tail.brief(),
	}
	if len(x.Dropped)+len(x.Noted) > listedParts {
		listed.Dropped, listed.Noted, listed.short = nil, nil, true
	}
	return listed
}

// sessions yields all sessions. It loads some at once, and has no others in memory.
func (s *Store) sessions(ctx context.Context) iter.Seq2[*session, error] {
	return func(yield func(*session, error) bool) {
		input := &awss3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: aws.String(s.keys.sessions())}
		for {
			reply, err := s.client.ListObjectsV2(ctx, input)
			if err != nil {
				yield(nil, translated(ctx, err, "the uploads"))
				return
			}
			for some := range slices.Chunk(reply.Contents, parallel) {
				loaded, errs := make([]*session, len(some)), make([]error, len(some))
				s.requests(ctx, len(some), func(i int) {
					loaded[i], errs[i] = s.loadSession(ctx, strings.TrimPrefix(aws.ToString(some[i].Key), s.keys.sessions()))
				})
				for i, x := range loaded {
					if errs[i] != nil || x != nil {
						if !yield(x, errs[i]) || errs[i] != nil {
							return
						}
					}
				}
			}
			if !aws.ToBool(reply.IsTruncated) {
				return
			}
			input.ContinuationToken = reply.NextContinuationToken
		}
	}
}
