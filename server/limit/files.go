package limit

import (
	"context"
	"iter"
	"sync"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/server/internal/fair"
)

// How many descriptors an action counts for: the most that a store of package disk uses
// for it.
const (
	openFiles   = 1
	uploadFiles = 2
	listFiles   = 18
	// shortFiles is for actions that have them open for a moment only.
	shortFiles = 2
)

// leastFiles is the least number of descriptors that Files shares.
const leastFiles = 4 * listFiles

// Files shares a number of descriptors among callers. Reads, uploads and lists count for
// their caller: a principal or, if the principal is unknown, a peer. A caller has at most
// a quarter of the descriptors. An action that needs more, or more than are left, waits
// for up to 10 s, and then fails with tranship.ErrUnavailable. A Files is safe for
// concurrent use.
type Files struct {
	queue *fair.Queue
	// share is how many descriptors one caller may have.
	share int64
}

// NewFiles returns a Files of n descriptors; less than 72 count as 72.
func NewFiles(n int64) *Files {
	n = max(n, leastFiles)
	share := n / 4
	queue := fair.New(fair.Options{
		Places: n, Room: 2 * n, Share: share,
		Limit: tranship.LimitOpenFiles,
		Full:  "the server, or the caller, has as many files open as it may have: try again when some are closed",
	})
	return &Files{queue, share}
}

// Store returns a store that does what inner does, when there are descriptors for it.
func (f *Files) Store(inner tranship.Store) tranship.Store { return &filesStore{inner, f} }

type filesStore struct {
	inner tranship.Store
	*Files
}

// short runs an action that has descriptors open for a moment only.
func short[T any](ctx context.Context, s *filesStore, do func() (T, error)) (T, error) {
	place, err := s.queue.Enter(ctx, shortFiles, false)
	if err != nil {
		var none T
		return none, err
	}
	defer place.Leave()
	return do()
}

// Stat implements tranship.Reader.
func (s *filesStore) Stat(ctx context.Context, path string) (tranship.File, error) {
	return short(ctx, s, func() (tranship.File, error) { return s.inner.Stat(ctx, path) })
}

// List implements tranship.Reader.
func (s *filesStore) List(ctx context.Context, options tranship.ListOptions) iter.Seq2[tranship.Entry, error] {
	return func(yield func(tranship.Entry, error) bool) {
		place, err := s.queue.Enter(ctx, listFiles, false)
		if err != nil {
			yield(tranship.Entry{}, err)
			return
		}
		defer place.Leave()
		s.inner.List(ctx, options)(yield)
	}
}

// Open implements tranship.Reader.
func (s *filesStore) Open(ctx context.Context, path string, options tranship.OpenOptions) (tranship.Content, error) {
	place, err := s.queue.Enter(ctx, openFiles, false)
	if err != nil {
		return nil, err
	}
	inner, err := s.inner.Open(ctx, path, options)
	if err != nil {
		place.Leave()
		return nil, err
	}
	return &countedContent{inner, place}, nil
}

// Fetch implements tranship.Fetcher.
func (s *filesStore) Fetch(ctx context.Context, path string, size int64) (tranship.File, []byte, error) {
	place, err := s.queue.Enter(ctx, openFiles, false)
	if err != nil {
		return tranship.File{}, nil, err
	}
	defer place.Leave()
	return tranship.Fetch(ctx, s.inner, path, size)
}

// countedContent counts until it is closed.
type countedContent struct {
	tranship.Content
	place *fair.Place
}

// Close implements tranship.Content.
func (c *countedContent) Close() error {
	defer c.place.Leave()
	return c.Content.Close()
}

// Put implements tranship.Writer.
func (s *filesStore) Put(ctx context.Context, spec tranship.Spec, data []byte) (tranship.File, error) {
	return short(ctx, s, func() (tranship.File, error) { return s.inner.Put(ctx, spec, data) })
}

// Begin implements tranship.Writer.
func (s *filesStore) Begin(ctx context.Context, spec tranship.Spec) (tranship.Upload, error) {
	place, err := s.queue.Enter(ctx, uploadFiles, false)
	if err != nil {
		return nil, err
	}
	inner, err := s.inner.Begin(ctx, spec)
	if err != nil {
		place.Leave()
		return nil, err
	}
	return &countedUpload{inner, sync.OnceFunc(place.Leave)}, nil
}

// JoinUpload implements tranship.UploadJoiner. It counts like Begin.
func (s *filesStore) JoinUpload(ctx context.Context, id string, epoch uint64) (tranship.Upload, tranship.Spec, error) {
	place, err := s.queue.Enter(ctx, uploadFiles, false)
	if err != nil {
		return nil, tranship.Spec{}, err
	}
	inner, spec, err := tranship.JoinUpload(ctx, s.inner, id, epoch)
	if err != nil {
		place.Leave()
		return nil, tranship.Spec{}, err
	}
	return &countedUpload{inner, sync.OnceFunc(place.Leave)}, spec, nil
}

// countedUpload counts until it has ended.
type countedUpload struct {
	tranship.Upload
	leave func()
}

// Commit implements tranship.Upload.
func (u *countedUpload) Commit(ctx context.Context, commit tranship.Commit) (tranship.File, error) {
	file, err := u.Upload.Commit(ctx, commit)
	if err == nil {
		u.leave()
	}
	return file, err
}

// Abort implements tranship.Upload.
func (u *countedUpload) Abort(ctx context.Context) error {
	defer u.leave()
	return u.Upload.Abort(ctx)
}

// Detach implements tranship.Upload.
func (u *countedUpload) Detach(ctx context.Context) error {
	defer u.leave()
	return u.Upload.Detach(ctx)
}

// SetAttributes implements tranship.Editor.
func (s *filesStore) SetAttributes(ctx context.Context, path string, attributes tranship.Attributes, precondition tranship.Precondition) (tranship.File, error) {
	return short(ctx, s, func() (tranship.File, error) {
		return s.inner.SetAttributes(ctx, path, attributes, precondition)
	})
}

// Remove implements tranship.Editor.
func (s *filesStore) Remove(ctx context.Context, path string, precondition tranship.Precondition) error {
	_, err := short(ctx, s, func() (struct{}, error) { return struct{}{}, s.inner.Remove(ctx, path, precondition) })
	return err
}

// RemoveAll implements tranship.TreeRemover. It has as many descriptors as a list.
func (s *filesStore) RemoveAll(ctx context.Context, directory string, options tranship.RemoveAllOptions) (int64, error) {
	place, err := s.queue.Enter(ctx, listFiles, false)
	if err != nil {
		return 0, err
	}
	defer place.Leave()
	return tranship.RemoveAll(ctx, s.inner, directory, options)
}

// Move implements tranship.Editor.
func (s *filesStore) Move(ctx context.Context, source, destination string, precondition tranship.Precondition) (tranship.File, error) {
	return short(ctx, s, func() (tranship.File, error) { return s.inner.Move(ctx, source, destination, precondition) })
}

// Copy implements tranship.Editor.
func (s *filesStore) Copy(ctx context.Context, source, destination string, precondition tranship.Precondition) (tranship.File, error) {
	return short(ctx, s, func() (tranship.File, error) { return s.inner.Copy(ctx, source, destination, precondition) })
}

// ListUploads implements tranship.Uploads.
func (s *filesStore) ListUploads(ctx context.Context, directory string) iter.Seq2[tranship.UploadInfo, error] {
	return s.inner.ListUploads(ctx, directory)
}

// FindUpload implements tranship.UploadFinder.
func (s *filesStore) FindUpload(ctx context.Context, id string) (tranship.UploadInfo, error) {
	return tranship.FindUpload(ctx, s.inner, id)
}

// AbortUpload implements tranship.Uploads.
func (s *filesStore) AbortUpload(ctx context.Context, id string) error {
	return s.inner.AbortUpload(ctx, id)
}
