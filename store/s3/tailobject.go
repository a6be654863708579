package s3

import (
	"context"
	"io"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/tranship/tranship"
)

// tailObjects is how many objects a tail has at most. An object that is shorter than that fraction of
// the part is stored again with the bytes that follow it, so that a tail that grows byte by byte does
// not become as many objects.
const tailObjects = 16

// tailObject is an object that has consecutive bytes of a tail.
type tailObject struct {
	Name   string `json:"name"`
	Length int64  `json:"length"`
}

// objects returns the objects of a tail, in the order of their bytes; none if t is nil.
func (t *tail) objects() []tailObject {
	if t == nil {
		return nil
	}
	length := t.Length
	for _, before := range t.Before {
		length -= before.Length
	}
	return append(slices.Clone(t.Before), tailObject{t.Name, length})
}

// isValid reports whether the objects of a tail have all of its bytes.
func (t *tail) isValid() bool {
	objects := t.objects()
	return len(objects) <= tailObjects && !slices.ContainsFunc(objects, func(o tailObject) bool {
		return len(o.Name) <= hashBytes || o.Length <= 0 || o.Length > t.Length
	})
}

// brief returns a copy with what info needs.
func (t *tail) brief() *tail {
	if t == nil {
		return nil
	}
	return &tail{Part: t.Part, Length: t.Length}
}

// nextTailLocked returns the tail that the bytes of the writer make, and the first byte of its own
// object. The bytes before that are in objects of the tail that the writer continues, if the upload
// still has that one. The upload must be locked.
func (w *writer) nextTailLocked(name string) (t *tail, first int64) {
	t = &tail{Name: name, Part: w.n, Length: w.part.length, CRC: w.part.crc}
	if w.continues == nil || w.upload.session.Tail == nil || w.upload.session.Tail.Name != w.continues.Name {
		return t, 0
	}
	least := (w.most + tailObjects - 1) / tailObjects
	t.Before = w.continues.objects()
	for last := len(t.Before) - 1; last >= 0 && t.Before[last].Length < least; last-- {
		t.Before = t.Before[:last]
	}
	for _, before := range t.Before {
		first += before.Length
	}
	return t, first
}

// continuesIn reports whether a tail, which may be nil, has all objects of the beginning of next.
func (t *tail) continuesIn(next *tail) bool {
	objects := t.objects()
	return !slices.ContainsFunc(next.Before, func(o tailObject) bool { return !slices.Contains(objects, o) })
}

// storeTail stores the object of a tail that has its newest bytes.
func (u *upload) storeTail(ctx context.Context, t *tail, data [][]byte) error {
	var crc uint32
	for _, piece := range data {
		crc = tranship.UpdateCRC32C(crc, piece)
	}
	body := newPieces(data)
	_, err := u.store.client.PutObject(ctx, &awss3.PutObjectInput{
		Bucket: &u.store.bucket, Key: aws.String(u.store.keys.tail(t.Name)), Body: body, ContentLength: &body.size,
		ChecksumCRC32C: aws.String(formatChecksum(crc)),
	})
	return translated(ctx, err, u.spec.Path)
}

// loadTail reads a tail into buffers that have room for most bytes together. The error is that of the
// client: of an object that is missing, if one is.
func (s *Store) loadTail(ctx context.Context, t *tail, most int64) (all [][]byte, err error) {
	objects := t.objects()
	loaded, errs := make([][][]byte, len(objects)), make([]error, len(objects))
	s.requests(ctx, len(objects), func(i int) {
		length := objects[i].Length
		room := length
		if i == len(objects)-1 {
			room = most - (t.Length - length)
		}
		loaded[i], errs[i] = s.loadObject(ctx, s.keys.tail(objects[i].Name), length, room)
	})
	if i := slices.IndexFunc(errs, isMissing); i >= 0 {
		return nil, errs[i]
	}
	for i, err := range errs {
		if err != nil {
			return nil, err
		}
		all = append(all, loaded[i]...)
	}
	return all, nil
}

// loadObject reads an object of a length into buffers that have room for most bytes together. The
// error is that of the client.
func (s *Store) loadObject(ctx context.Context, key string, length, most int64) (pieces [][]byte, err error) {
	reply, err := s.client.GetObject(ctx, &awss3.GetObjectInput{Bucket: &s.bucket, Key: &key})
	if err != nil {
		return nil, err
	}
	defer func() { _ = reply.Body.Close() }() // it was only read from
	for at := int64(0); at < length; {
		piece := make([]byte, min(pieceBytes, length-at), min(pieceBytes, most-at))
		if _, err := io.ReadFull(reply.Body, piece); err != nil {
			return nil, err
		}
		pieces, at = append(pieces, piece), at+int64(len(piece))
	}
	return pieces, nil
}

// removeTail removes the objects of a tail that another one, which may be nil, does not have. The
// sweep removes those that cannot be removed.
func (s *Store) removeTail(ctx context.Context, t, next *tail) {
	kept := next.objects()
	var gone []tailObject
	for _, object := range t.objects() {
		if !slices.Contains(kept, object) {
			gone = append(gone, object)
		}
	}
	ctx = context.WithoutCancel(ctx)
	s.requests(ctx, len(gone), func(i int) { s.removeTailObject(ctx, gone[i].Name) })
}

// removeTailObject removes an object of a tail. If that fails, the sweep removes it.
func (s *Store) removeTailObject(ctx context.Context, name string) {
	_, _ = s.client.DeleteObject(context.WithoutCancel(ctx), &awss3.DeleteObjectInput{Bucket: &s.bucket, Key: aws.String(s.keys.tail(name))})
}

// missingTail returns the name of the tail of a session if its newest object is not there; "" otherwise.
// The others were there when the newest one was named.
func (s *Store) missingTail(ctx context.Context, x *session) (string, error) {
	if x.Tail == nil {
		return "", nil
	}
	reply, err := s.client.HeadObject(ctx, &awss3.HeadObjectInput{Bucket: &s.bucket, Key: aws.String(s.keys.tail(x.Tail.Name))})
	objects := x.Tail.objects()
	switch {
	case isMissing(err):
		return x.Tail.Name, ctx.Err()
	case err != nil:
		return "", translated(ctx, err, x.Path)
	case aws.ToInt64(reply.ContentLength) != objects[len(objects)-1].Length:
		return x.Tail.Name, nil
	}
	return "", nil
}
