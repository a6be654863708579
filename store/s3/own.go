package s3

import (
	"context"
	"io"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
)

// own is a small object of the store's own.
type own struct {
	data     []byte
	etag     *string
	metadata map[string]string
}

// readOwn returns the object at key, of which it reads most bytes. It asks for it again if the
// connection is cut while it reads, up to ten times: the client repeats only requests that have
// no reply. The error is that of the client.
func (s *Store) readOwn(ctx context.Context, key string, most int64) (own, error) {
	for round := 1; ; round++ {
		reply, err := s.client.GetObject(ctx, &awss3.GetObjectInput{Bucket: &s.bucket, Key: &key})
		if err != nil {
			return own{}, err
		}
		data, err := io.ReadAll(io.LimitReader(reply.Body, most))
		_ = reply.Body.Close() // it was only read from
		if err == nil {
			return own{data, reply.ETag, reply.Metadata}, nil
		}
		if round == rounds || ctx.Err() != nil {
			return own{}, err
		}
	}
}
