package s3

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/tranship/tranship"
)

// now returns the time without the monotonic clock, to be stored.
func now() time.Time { return time.Now().Round(0).UTC() }

// Begin implements tranship.Writer.
func (s *Store) Begin(ctx context.Context, spec tranship.Spec) (tranship.Upload, error) {
	if err := s.validate(spec); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	spec = cloneSpec(spec)
	partSize, err := s.partSize(spec)
	if err != nil {
		return nil, err
	}
	if spec.ResumeKey != "" {
		return s.beginResumable(ctx, spec, partSize)
	}
	small := spec.Size != nil && *spec.Size <= partSize
	if err := s.mayCommit(ctx, spec, small); err != nil {
		return nil, err
	}
	u := s.newUpload(ctx, spec, rand.Text(), partSize)
	u.small, u.account = small, tranship.AccountFromContext(ctx)
	return u, nil
}

// newUpload returns an upload of epoch 1 without a session. The context of its requests has the
// values of ctx, and does not end with it.
func (s *Store) newUpload(ctx context.Context, spec tranship.Spec, id string, partSize int64) *upload {
	u := &upload{
		store: s, spec: spec, id: id, partSize: partSize, epoch: 1, parts: make(map[int]*part),
		changing: semaphore.NewWeighted(1), creating: semaphore.NewWeighted(1), window: newWindow(partSize, s.options.Memory),
	}
	u.ctx, u.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[u] = struct{}{}
	return u
}

// mayCommit fails if the commit of an upload would fail at the moment.
// small is set if it makes the file in one request.
func (s *Store) mayCommit(ctx context.Context, spec tranship.Spec, small bool) error {
	if !small {
		if err := s.decidable(spec.Path, spec.Precondition); err != nil {
			return err
		}
	}
	release, err := s.claim(ctx, spec.Path)
	if err != nil {
		return err
	}
	defer release()
	if _, err := s.check(ctx, spec.Path, spec.Precondition); err != nil {
		return err
	}
	return s.allow(ctx, spec.Path)
}

// beginResumable begins or resumes an upload with a session.
func (s *Store) beginResumable(ctx context.Context, spec tranship.Spec, partSize int64) (tranship.Upload, error) {
	hash := sessionHash(spec)
	unlock, err := s.begins.Lock(ctx, hash)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if older := s.currentUpload(hash); older != nil {
		if err := older.changing.Acquire(ctx, 1); err != nil { // a commit is waited for
			return nil, err
		}
		defer older.changing.Release(1)
	}
	for range rounds {
		u, err := s.resume(ctx, spec, partSize, hash)
		if errors.Is(err, errSwapped) {
			continue
		}
		if err != nil {
			return nil, err
		}
		s.mu.Lock()
		s.current[hash] = u
		s.mu.Unlock()
		return u, nil
	}
	return nil, fmt.Errorf("%w: other copies of %s take over its upload all the time", tranship.ErrUnavailable, spec.Path)
}

// currentUpload returns the upload of this process that has a session; nil if there is none.
func (s *Store) currentUpload(hash string) *upload {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current[hash]
}

// resume goes on with the session of a spec, or makes one. It returns errSwapped if another
// server did at the same time.
func (s *Store) resume(ctx context.Context, spec tranship.Spec, partSize int64, hash string) (*upload, error) {
	known, err := s.loadSession(ctx, hash)
	if err != nil {
		return nil, err
	}
	if known != nil && known.State == stateCommitted {
		found, err := s.head(ctx, spec.Path)
		if err != nil {
			return nil, err
		}
		if found != nil && found.file.Version == known.Version && time.Now().Before(s.expires(known, known.Used)) {
			if err := s.endCurrent(ctx, hash, spec.Path); err != nil {
				return nil, err
			}
			return s.recall(ctx, spec, known, found)
		}
	}
	if err := s.mayCommit(ctx, spec, *spec.Size == 0); err != nil {
		return nil, err
	}
	if known == nil || known.State == stateCommitted || known.State == stateAborted {
		return s.beginSession(ctx, spec, partSize, known)
	}
	if err := s.endCurrent(ctx, hash, spec.Path); err != nil {
		return nil, err
	}
	if expired, err := s.hasExpired(ctx, known); err != nil {
		return nil, err
	} else if expired {
		if err := s.expire(ctx, known); err != nil && !errors.Is(err, tranship.ErrNotFound) {
			return nil, err
		}
		return nil, errSwapped // it is loaded again
	}
	return s.takeOver(ctx, spec, known)
}

// recall returns an upload whose commit is remembered.
func (s *Store) recall(ctx context.Context, spec tranship.Spec, known *session, found *object) (*upload, error) {
	next := known.clone()
	next.Epoch++
	next.Used = now()
	swapped, err := s.swap(ctx, known, next)
	if err != nil {
		return nil, err
	}
	u := s.sessionUpload(ctx, spec, swapped)
	u.committed = found
	for n, crc := range swapped.CRCs {
		offset := int64(n) * u.partSize
		u.parts[n] = &part{store: s, length: min(u.partSize, swapped.Size-offset), crc: crc, closed: true, etag: "committed", noted: true}
	}
	return u, nil
}

// sessionUpload returns the upload of a session, without its parts.
func (s *Store) sessionUpload(ctx context.Context, spec tranship.Spec, x *session) *upload {
	u := s.newUpload(ctx, spec, x.ID, x.PartSize)
	u.session, u.epoch, u.small = x, x.Epoch, x.Size == 0
	u.multipart, u.version, u.attributes = x.UploadID, x.Version, x.Attributes
	return u
}

// beginSession makes a new session, in place of one that is no longer needed.
func (s *Store) beginSession(ctx context.Context, spec tranship.Spec, partSize int64, old *session) (*upload, error) {
	at := now()
	x, err := s.swap(ctx, old, session{
		ID: sessionHash(spec) + rand.Text(), Path: spec.Path, Size: *spec.Size, ResumeKey: spec.ResumeKey, Owner: spec.Owner,
		State: stateOpen, Epoch: 1, Begun: begunOf(spec), PartSize: partSize, Created: at, Used: at,
	})
	if err != nil {
		return nil, err
	}
	if x, err = s.createFor(ctx, spec, x); err != nil {
		return nil, err
	}
	return s.sessionUpload(ctx, spec, x), nil
}

// createFor gives a session a multipart upload, with a new version.
func (s *Store) createFor(ctx context.Context, spec tranship.Spec, x *session) (*session, error) {
	if x.Size == 0 {
		return x, nil
	}
	id, version, attributes, err := s.createMultipart(ctx, spec, tranship.AccountFromContext(ctx))
	if err != nil {
		return nil, err
	}
	next := x.clone()
	next.UploadID, next.Version, next.Attributes, next.State = id, version, attributes, stateOpen
	next.Dropped, next.Noted, next.CRCs = nil, nil, nil
	swapped, err := s.swap(ctx, x, next)
	if err != nil {
		s.abortMultipart(ctx, spec.Path, id)
		return nil, err
	}
	return swapped, nil
}

// takeOver goes on with an unfinished upload, in a new epoch.
func (s *Store) takeOver(ctx context.Context, spec tranship.Spec, known *session) (*upload, error) {
	next := known.clone()
	next.Epoch++
	next.State, next.Used, next.Begun, next.Detached, next.Joined = stateOpen, now(), begunOf(spec), false, false
	if s.features.listedChecksums {
		next.Noted = nil // the engine tells what it has
	}
	x, err := s.swap(ctx, known, next)
	if err != nil {
		return nil, err
	}
	if x.Size == 0 {
		found, err := s.head(ctx, spec.Path)
		if err != nil {
			return nil, err
		}
		if found != nil && x.made(found) {
			return nil, s.noted(ctx, x)
		}
		return s.sessionUpload(ctx, spec, x), nil
	}
	var parts map[int]*part
	if x.UploadID != "" {
		parts, _, err = s.listParts(ctx, x)
		if isUploadMissing(err) {
			found, awaited := s.awaitCommit(ctx, x)
			if awaited != nil {
				return nil, awaited
			}
			if found != nil {
				return nil, s.noted(ctx, x)
			}
			next := x.clone()
			next.UploadID = ""
			if x, err = s.swap(ctx, x, next); err != nil {
				return nil, err
			}
		} else if err != nil {
			return nil, translated(ctx, err, spec.Path)
		}
	}
	if x.UploadID == "" {
		if x, err = s.createFor(ctx, spec, x); err != nil {
			return nil, err
		}
	}
	lost, err := s.missingTail(ctx, x)
	if err != nil {
		return nil, err
	}
	u := s.sessionUpload(ctx, spec, x)
	u.lostTail = lost
	for n, p := range parts {
		u.parts[n] = p
	}
	return u, nil
}

// noted notes a commit that the server that made it has not come to note. It returns
// errSwapped, so that the session is loaded again.
func (s *Store) noted(ctx context.Context, x *session) error {
	next := x.clone()
	next.State = stateCommitted
	if _, err := s.swap(ctx, x, next); err != nil {
		return err
	}
	return errSwapped
}
