package s3

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/encoding/httpbinding"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/tranship/tranship"
)

// plainPuts makes the requests that store small objects. The layers of the client take several
// times the processor time of such a request, so plainPuts makes and signs it itself, as the client
// has made an earlier one. It knows success only: after any other reply, and if it cannot tell how
// the client would do it, the client makes the request, with its attempts, pauses and errors. It is
// safe for concurrent use.
type plainPuts struct {
	client      aws.HTTPClient
	credentials aws.CredentialsProvider
	signer      *v4.Signer
	// target is where the client has put an object; nil until it has.
	target atomic.Pointer[putTarget]
	// paused is until when the client makes the requests, in nanoseconds since 1970.
	paused atomic.Int64
}

// putTarget is where objects are put.
type putTarget struct {
	// scheme, host and path are those of the URL; path is what comes before a key.
	scheme, host, path string
	// region is that of the signature.
	region string
}

const (
	// plainBytes is the greatest length of an object that plainPuts stores. The client asks the
	// engine before it sends longer ones.
	plainBytes = 1 << 20
	// pauseAfterFailure is for how long the client makes the requests after a plain one has
	// failed, and pauseAfterRefusal after one that the engine refused, because the clock of this
	// machine may be wrong, which the client copes with.
	pauseAfterFailure = time.Second
	pauseAfterRefusal = time.Minute
	// unsignedPayload is what requests have in place of a digest of the content.
	unsignedPayload = "UNSIGNED-PAYLOAD"
)

func newPlainPuts(client *awss3.Client) *plainPuts {
	options := client.Options()
	return &plainPuts{
		client: options.HTTPClient, credentials: options.Credentials,
		signer: v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }),
	}
}

// putObject stores an object as input says, except for its body, which is in pieces. It needs the
// length and the checksum of the content. The error is that of the client.
func (s *Store) putObject(ctx context.Context, input *awss3.PutObjectInput, data [][]byte) (err error) {
	s.request(ctx, func() {
		if !s.puts.put(ctx, input, data) {
			input.Body = newPieces(data)
			_, err = s.client.PutObject(ctx, input, s.puts.learn)
		}
	})
	return err
}

// put stores an object, and reports whether it has done so.
func (p *plainPuts) put(ctx context.Context, input *awss3.PutObjectInput, data [][]byte) bool {
	target := p.target.Load()
	length := aws.ToInt64(input.ContentLength)
	if target == nil || input.IfMatch != nil || length > plainBytes || time.Now().UnixNano() < p.paused.Load() {
		return false
	}
	key := aws.ToString(input.Key)
	request := (&http.Request{
		Method: http.MethodPut, Host: target.host, ContentLength: length, Body: http.NoBody,
		URL:   &url.URL{Scheme: target.scheme, Host: target.host, Path: target.path + key, RawPath: target.path + httpbinding.EscapePath(key, false)},
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: make(http.Header, 12), // with those of the signature
	}).WithContext(ctx)
	if length > 0 {
		body := &plainBody{pieces: newPieces(data)}
		defer body.end() // the bytes are the caller's again
		request.Body = body
	}
	header := request.Header
	header.Set("User-Agent", "tranship")
	header.Set("Content-Type", "application/octet-stream")
	header.Set("X-Amz-Content-Sha256", unsignedPayload)
	header.Set("X-Amz-Checksum-Crc32c", aws.ToString(input.ChecksumCRC32C))
	if input.IfNoneMatch != nil {
		header.Set("If-None-Match", *input.IfNoneMatch)
	}
	for key, value := range input.Metadata {
		header.Set("X-Amz-Meta-"+key, value)
	}
	credentials, err := p.credentials.Retrieve(ctx)
	if err != nil {
		return false
	}
	if err := p.signer.SignHTTP(ctx, credentials, request, unsignedPayload, "s3", target.region, time.Now()); err != nil {
		return false
	}
	reply, err := p.client.Do(request)
	if err != nil {
		p.pause(pauseAfterFailure)
		return false
	}
	_, err = io.Copy(io.Discard, io.LimitReader(reply.Body, plainBytes)) // the connection is used again
	_ = reply.Body.Close()                                               // it was only read from
	switch {
	case err != nil, reply.StatusCode >= http.StatusInternalServerError:
		p.pause(pauseAfterFailure)
	case reply.StatusCode == http.StatusForbidden || reply.StatusCode == http.StatusBadRequest:
		p.pause(pauseAfterRefusal)
	}
	return err == nil && reply.StatusCode == http.StatusOK
}

func (p *plainPuts) pause(length time.Duration) {
	p.paused.Store(time.Now().Add(length).UnixNano())
}

// learn makes the client tell where it puts an object, if it does so as other engines than AWS take
// it as well.
func (p *plainPuts) learn(o *awss3.Options) {
	if p.target.Load() != nil {
		return
	}
	var key string
	o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
		err := stack.Initialize.Add(middleware.InitializeMiddlewareFunc("NoteKey",
			func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
				if input, ok := in.Parameters.(*awss3.PutObjectInput); ok {
					key = aws.ToString(input.Key)
				}
				return next.HandleInitialize(ctx, in)
			}), middleware.Before)
		return errors.Join(err, stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("LearnTarget",
			func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
				out, metadata, err := next.HandleDeserialize(ctx, in)
				request, ok := in.Request.(*smithyhttp.Request)
				if reply, answered := out.RawResponse.(*smithyhttp.Response); err == nil && ok && answered && reply.StatusCode == http.StatusOK {
					if target := newPutTarget(request.Request, key); target != nil {
						p.target.Store(target)
					}
				}
				return out, metadata, err
			}), middleware.After))
	})
}

// newPutTarget returns where a signed request has put the object with a key; nil if that is not as
// plainPuts could do it.
func newPutTarget(request *http.Request, key string) *putTarget {
	path, ok := strings.CutSuffix(request.URL.EscapedPath(), httpbinding.EscapePath(key, false))
	signed, found := strings.CutPrefix(request.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=")
	scope, _, _ := strings.Cut(signed, ",")
	parts := strings.Split(scope, "/")
	if n := len(parts); !ok || !found || key == "" || strings.Contains(path, "%") || n < 5 || parts[n-1] != "aws4_request" || parts[n-2] != "s3" ||
		request.Header.Get("X-Amz-Content-Sha256") != unsignedPayload {
		return nil
	}
	return &putTarget{scheme: request.URL.Scheme, host: request.URL.Host, path: path, region: parts[len(parts)-3]}
}

// plainBody is a body that nothing reads any more once it has ended, although a transport may go on
// to read one after it has returned.
type plainBody struct {
	mu     sync.Mutex
	closed bool
	pieces *pieces
}

func (b *plainBody) Read(buffer []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return 0, tranship.ErrAborted
	}
	return b.pieces.Read(buffer)
}

func (b *plainBody) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
}

// Close implements io.Closer.
func (b *plainBody) Close() error {
	b.end()
	return nil
}
