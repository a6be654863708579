package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"golang.org/x/sync/semaphore"

	"github.com/tranship/tranship"
)

// part is what one writer has written of a part. A newer writer has a part of its own. The
// fields are guarded by the mutex of the upload.
type part struct {
	length int64
	crc    uint32
	closed bool
	// pieces are the bytes, while they are needed, chunks those that lend them, and reserved
	// is how much of the store's memory they count for.
	pieces   [][]byte
	chunks   []tranship.Chunk
	reserved int64
	store    *Store
	// window is that of the upload, of which the part takes reserved bytes, too.
	window *semaphore.Weighted
	// ended is why the writer has ended before Close; nil if it has not.
	ended error
	// replaced is set once the part has a newer writer.
	replaced error

	// done is closed when a request for the part has ended; nil if there was none. sending
	// is set until then, and cancel stops the request.
	done    chan struct{}
	sending bool
	cancel  context.CancelFunc
	// tailing is set if the bytes of the part were to become the tail.
	tailing bool
	// etag is the engine's name for the bytes of a durable part, and err why the part could
	// not be sent.
	etag string
	err  error
	// noted is set once the session has the part. That is only needed if the engine does not
	// tell the checksums of parts, or if an upload has joined.
	noted bool
	// base is the ETag that the session had noted for the part when it was begun or found; ""
	// for none. If it has noted another one since, another server has a newer writer.
	base string
	// older is the ETag of the part that this one has replaced; "" for none. The upload may learn late
	// that the session notes it.
	older string
}

// drop ends the writer of a part that is not closed. The upload must be locked.
func (p *part) drop(why error) {
	if !p.closed && p.ended == nil {
		p.ended = why
		p.free()
	} else if !p.sending {
		p.free()
	}
}

// free gives the memory of a part back. The upload must be locked.
func (p *part) free() {
	for _, chunk := range p.chunks {
		chunk.Release()
	}
	p.chunks, p.pieces = nil, nil
	if p.reserved > 0 {
		p.store.memory.Release(p.reserved)
		p.window.Release(p.reserved)
		p.reserved = 0
	}
}

// Part implements tranship.Upload.
func (u *upload) Part(ctx context.Context, n int) (tranship.PartWriter, error) {
	w, err := u.part(ctx, n)
	if err != nil {
		return nil, err
	}
	return w, nil
}

// part returns a writer for part n.
func (u *upload) part(ctx context.Context, n int) (*writer, error) {
	return u.newWriter(ctx, n, nil)
}

// newWriter returns a writer for part n. It drops the tail of the part unless that is kept.
func (u *upload) newWriter(ctx context.Context, n int, kept *tail) (*writer, error) {
	most, err := u.most(n)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	older, p, err := u.replace(n)
	if err != nil {
		return nil, err
	}
	if err := u.forget(ctx, n, older, p, kept); err != nil {
		return nil, err
	}
	if err := u.reserve(ctx, p, most); err != nil {
		return nil, err
	}
	return &writer{ctx: ctx, upload: u, n: n, part: p, most: most}, nil
}

// most returns the maximum length of part n in bytes.
func (u *upload) most(n int) (int64, error) {
	size := int64(math.MaxInt64)
	if u.spec.Size != nil {
		size = *u.spec.Size
	}
	if n < 0 || n > 0 && int64(n) > (size-1)/u.partSize {
		return 0, &tranship.InvalidError{Field: "part", Rule: "a part's number must not be negative or beyond the upload's size"}
	}
	if n >= maxParts {
		over := &tranship.LimitError{
			Limit: tranship.LimitFileSystem, Allowed: maxParts * u.partSize, Asked: int64(n) * u.partSize,
			Rule: fmt.Sprintf("an upload of unknown size has at most %d bytes in this store: tell its size", maxParts*u.partSize),
		}
		return 0, &tranship.PathError{Path: u.spec.Path, Err: over}
	}
	return min(u.partSize, size-int64(n)*u.partSize), nil
}

// replace makes a new part n, which ends the writer of the older one.
func (u *upload) replace(n int) (older, newer *part, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.ended != nil {
		return nil, nil, u.ended
	}
	if u.committed != nil {
		return nil, nil, fmt.Errorf("%w: the upload of %s was committed", tranship.ErrAborted, u.spec.Path)
	}
	older, newer = u.parts[n], &part{store: u.store, window: u.window}
	if u.session != nil {
		newer.base = u.session.Noted[n].ETag
	}
	u.replaceLocked(n, newer)
	return older, newer, nil
}

// replaceLocked puts a newer part n in place of an older one, whose writer it ends.
func (u *upload) replaceLocked(n int, newer *part) {
	if older := u.parts[n]; older != nil {
		older.replaced = fmt.Errorf("%w: part %d of %s has a newer writer", tranship.ErrAborted, n, u.spec.Path)
		older.drop(older.replaced)
		if older.cancel != nil && older.tailing {
			older.cancel()
		}
	}
	u.parts[n] = newer
}

// forget waits until no request of the older part n, which may be nil, can arrive after those of the newer one. It does
// not stop one, because the engine may have the part all the same, and nothing would tell. It then
// makes other servers forget the older one, and the tail of the part unless it is kept.
func (u *upload) forget(ctx context.Context, n int, older, newer *part, kept *tail) error {
	etag, unsure := "", false
	if older != nil {
		if older.done != nil {
			select {
			case <-older.done:
			case <-ctx.Done():
				older.cancel()
				return ctx.Err()
			}
		}
		u.mu.Lock()
		etag, unsure = older.etag, older.tailing
		newer.older = etag
		u.mu.Unlock()
	}
	if !u.resumable() || etag == "" && !unsure && !u.hasTailOf(n, kept) {
		return nil
	}
	if err := u.changing.Acquire(ctx, 1); err != nil {
		return err
	}
	defer u.changing.Release(1)
	if etag == "" && !u.hasTailOf(n, kept) {
		return nil
	}
	return u.swap(ctx, func(x *session) {
		if t := x.Tail; t != nil && t.Part == n && (kept == nil || t.Name != kept.Name) {
			x.Tail = nil
		}
		if etag == "" {
			return
		}
		if x.Dropped == nil {
			x.Dropped = make(map[int]string)
		}
		x.Dropped[n] = etag
		delete(x.Noted, n)
	})
}

// hasTailOf reports whether the session has a tail of part n that is not kept.
func (u *upload) hasTailOf(n int, kept *tail) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.session.Tail != nil && u.session.Tail.Part == n && (kept == nil || u.session.Tail.Name != kept.Name)
}

// reserve waits for the memory that a whole part takes. Parts that reserved it piece by piece
// could wait for each other for ever.
func (u *upload) reserve(ctx context.Context, p *part, most int64) error {
	waiting, stop := context.WithCancel(ctx)
	defer stop()
	defer context.AfterFunc(u.ctx, stop)()
	if err := u.acquire(waiting, most); err != nil {
		u.mu.Lock()
		defer u.mu.Unlock()
		if u.ended != nil {
			return u.ended
		}
		return err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	p.reserved = most
	if u.ended != nil || p.ended != nil {
		p.free()
		return errors.Join(u.ended, p.ended)
	}
	return nil
}

// send uploads a closed part in the background.
func (u *upload) send(n int, p *part) {
	ctx, cancel := context.WithCancel(u.ctx)
	p.done, p.sending, p.cancel = make(chan struct{}), true, cancel
	body, crc, length := newPieces(p.pieces), p.crc, p.length
	go func() {
		defer cancel()
		err := u.mayCount(ctx, p)
		etag := ""
		if err == nil {
			etag, err = u.sendPart(ctx, n, body, crc, length)
		}
		u.mu.Lock()
		defer u.mu.Unlock()
		if p.replaced != nil && err != nil {
			err = p.replaced
		}
		p.etag, p.err, p.sending = etag, err, false
		p.free()
		close(p.done)
	}()
}

// sendPart uploads the bytes of part n, and returns their ETag.
func (u *upload) sendPart(ctx context.Context, n int, body io.ReadSeeker, crc uint32, length int64) (string, error) {
	id, err := u.begin(ctx)
	if err != nil {
		return "", err
	}
	reply, err := u.store.client.UploadPart(ctx, &awss3.UploadPartInput{
		Bucket: &u.store.bucket, Key: aws.String(u.store.keys.file(u.spec.Path)), UploadId: &id,
		PartNumber: aws.Int32(int32(n + 1)), Body: body, ContentLength: &length, //nolint:gosec // n is at most 10,000
		ChecksumCRC32C: aws.String(formatChecksum(crc)),
	})
	if isUploadMissing(err) {
		err = u.overtaken()
		u.end(err)
		return "", err
	}
	if err != nil {
		return "", translated(ctx, err, u.spec.Path)
	}
	return aws.ToString(reply.ETag), nil
}
