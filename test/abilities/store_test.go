package abilities

import (
	"context"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/mem"
)

// calls counts how often each ability was used, by name.
type calls map[string]int

// ableStore is a store that has every ability, and so do its uploads and contents. It
// also has an ability that no decorator knows.
type ableStore struct {
	*mem.Store
	calls calls
	// fail, if not nil, is the error of the next use of an ability.
	fail error
	// batches are the sizes of the batches, of both kinds.
	batches []int
	// during, if not nil, is called while an ability is used.
	during func()
}

// unheard is an ability that decorators do not know.
type unheard interface{ Unheard() }

func newAbleStore() *ableStore {
	return &ableStore{Store: &mem.Store{PartSize: 4}, calls: calls{}}
}

func (s *ableStore) use(ability string) error {
	s.calls[ability]++
	err := s.fail
	s.fail = nil
	if s.during != nil {
		s.during()
	}
	return err
}

func (s *ableStore) Unheard() {}

func (s *ableStore) Width() int { return 7 }

func (s *ableStore) CheckHealth(context.Context) error { return s.use("HealthChecker") }

func (s *ableStore) Fetch(ctx context.Context, path string, size int64) (tranship.File, []byte, error) {
	if err := s.use("Fetcher"); err != nil {
		return tranship.File{}, nil, err
	}
	return tranship.Fetch(ctx, bareStore{s.Store}, path, size)
}

func (s *ableStore) FindUpload(ctx context.Context, id string) (tranship.UploadInfo, error) {
	if err := s.use("UploadFinder"); err != nil {
		return tranship.UploadInfo{}, err
	}
	return s.Store.FindUpload(ctx, id)
}

func (s *ableStore) JoinUpload(ctx context.Context, id string, epoch uint64) (tranship.Upload, tranship.Spec, error) {
	if err := s.use("UploadJoiner"); err != nil {
		return nil, tranship.Spec{}, err
	}
	return s.Store.JoinUpload(ctx, id, epoch)
}

func (s *ableStore) Open(ctx context.Context, path string, options tranship.OpenOptions) (tranship.Content, error) {
	content, err := s.Store.Open(ctx, path, options)
	if err != nil {
		return nil, err
	}
	return &ableContent{content, s}, nil
}

func (s *ableStore) Begin(ctx context.Context, spec tranship.Spec) (tranship.Upload, error) {
	upload, err := s.Store.Begin(ctx, spec)
	if err != nil {
		return nil, err
	}
	return &ableUpload{upload, s}, nil
}

type ableContent struct {
	tranship.Content
	store *ableStore
}

func (c *ableContent) Unheard() {}

// ReadChunk implements tranship.ChunkReader with chunks of 2 bytes.
func (c *ableContent) ReadChunk() (tranship.Chunk, error) {
	if err := c.store.use("ChunkReader"); err != nil {
		return tranship.Chunk{}, err
	}
	data := make([]byte, 2)
	n, err := c.Content.Read(data)
	if n == 0 {
		return tranship.Chunk{}, err
	}
	return tranship.NewChunk([][]byte{data[:n]}, tranship.CRC32C(data[:n]), nil), nil
}

// ReadZeros implements tranship.ZeroReader: the next 2 bytes count as zeros.
func (c *ableContent) ReadZeros(most int64) (int64, error) {
	if err := c.store.use("ZeroReader"); err != nil {
		return 0, err
	}
	n, err := c.Content.Read(make([]byte, min(most, 2)))
	return int64(n), err
}

type ableUpload struct {
	tranship.Upload
	store *ableStore
}

func (u *ableUpload) Unheard() {}

func (u *ableUpload) Width() int { return 7 }

func (u *ableUpload) ChunkBytes() int { return 7 }

func (u *ableUpload) Committed() bool { return false }

func (u *ableUpload) Discarded() (int64, error) { return 7, nil }

func (u *ableUpload) Part(ctx context.Context, n int) (tranship.PartWriter, error) {
	part, err := u.Upload.Part(ctx, n)
	return &ablePart{part, u.store}, err
}

// PartRun implements tranship.PartRunner for runs of which only the first part is
// written.
func (u *ableUpload) PartRun(ctx context.Context, first, end int) (tranship.PartWriter, error) {
	if err := u.store.use("PartRunner"); err != nil {
		return nil, err
	}
	return u.Part(ctx, first)
}

// Tail implements tranship.TailKeeper.
func (u *ableUpload) Tail() tranship.Range {
	keeper, _ := tranship.As[tranship.TailKeeper](u.Upload)
	return keeper.Tail()
}

// ContinuePart implements tranship.TailKeeper.
func (u *ableUpload) ContinuePart(ctx context.Context) (tranship.PartWriter, error) {
	if err := u.store.use("TailKeeper"); err != nil {
		return nil, err
	}
	keeper, _ := tranship.As[tranship.TailKeeper](u.Upload)
	part, err := keeper.ContinuePart(ctx)
	return &ablePart{part, u.store}, err
}

type ablePart struct {
	tranship.PartWriter
	store *ableStore
}

func (p *ablePart) Unheard() {}

// WriteChunk implements tranship.ChunkWriter.
func (p *ablePart) WriteChunk(chunk tranship.Chunk) error {
	if err := p.store.use("ChunkWriter"); err != nil {
		chunk.Release()
		return err
	}
	return tranship.WriteChunk(struct{ tranship.PartWriter }{p.PartWriter}, chunk)
}

// WriteZeros implements tranship.ZeroWriter.
func (p *ablePart) WriteZeros(n int64) error {
	if err := p.store.use("ZeroWriter"); err != nil {
		return err
	}
	return tranship.WriteZeros(struct{ tranship.PartWriter }{p.PartWriter}, n)
}

// CloseTail implements tranship.TailWriter.
func (p *ablePart) CloseTail() error {
	if err := p.store.use("TailWriter"); err != nil {
		return err
	}
	tail, _ := tranship.As[tranship.TailWriter](p.PartWriter)
	return tail.CloseTail()
}

// bareStore has the methods of every store and no abilities.
type bareStore struct{ tranship.Store }

func (s bareStore) Open(ctx context.Context, path string, options tranship.OpenOptions) (tranship.Content, error) {
	content, err := s.Store.Open(ctx, path, options)
	return struct{ tranship.Content }{content}, err
}

func (s bareStore) Begin(ctx context.Context, spec tranship.Spec) (tranship.Upload, error) {
	upload, err := s.Store.Begin(ctx, spec)
	return bareUpload{upload}, err
}

type bareUpload struct{ tranship.Upload }

func (u bareUpload) Part(ctx context.Context, n int) (tranship.PartWriter, error) {
	part, err := u.Upload.Part(ctx, n)
	return struct{ tranship.PartWriter }{part}, err
}

// StatChange implements tranship.ChangeDater.
func (s *ableStore) StatChange(ctx context.Context, path string) (tranship.File, time.Time, error) {
	if err := s.use("ChangeDater"); err != nil {
		return tranship.File{}, time.Time{}, err
	}
	return s.Store.StatChange(ctx, path)
}
