package s3

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/logging"
)

const (
	// attempts is how often one request is made. longestPause is the longest pause between
	// two attempts. Together they take about 15 seconds, as clients repeat calls as well.
	attempts     = 8
	longestPause = 4 * time.Second
	// connections is how many idle connections are kept, enough for the parallel requests of
	// lists, batches and parts.
	connections = 2 * allParallel
	// bufferBytes is the length of each of the two buffers of a connection. A small file fits.
	// The bytes of large ones are not copied into them, so that longer ones gain nothing.
	bufferBytes = 16 << 10
)

// newClient returns the client of the engine.
func newClient(ctx context.Context, options Options, unquoted *unquoting) (*awss3.Client, error) {
	load := []func(*config.LoadOptions) error{config.WithDefaultRegion("us-east-1"), config.WithLogger(logging.Nop{})}
	if options.Region != "" {
		load = append(load, config.WithRegion(options.Region))
	}
	if options.AccessKeyID != "" {
		load = append(load, config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(options.AccessKeyID, options.SecretAccessKey, options.SessionToken)))
	}
	settings, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration of AWS from the environment: %w", err)
	}
	if err := checkCredentials(ctx, settings.Credentials); err != nil {
		return nil, err
	}
	transport := options.Transport
	if transport == nil {
		if transport, err = newTransport(options.CAFile); err != nil {
			return nil, err
		}
	}
	if options.Around != nil {
		transport = options.Around(transport)
	}
	return awss3.NewFromConfig(settings, func(o *awss3.Options) {
		o.UsePathStyle = options.PathStyle
		if options.Endpoint != "" {
			o.BaseEndpoint = aws.String(options.Endpoint)
		}
		// The store computes the CRC32C of what it sends itself, and the connection is
		// encrypted or trusted: no other checksum is computed.
		o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
		o.DisableLogOutputChecksumValidationSkipped = true
		o.Logger = logging.Nop{}
		o.APIOptions = append(o.APIOptions, v4.SwapComputePayloadSHA256ForUnsignedPayloadMiddleware, unquoted.add)
		if options.ReadOnly {
			o.APIOptions = append(o.APIOptions, refuseChanges)
		}
		o.HTTPClient = &http.Client{
			Transport:     &stallTransport{next: transport, stall: cmp.Or(options.Stall, DefaultStall)},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
		o.Retryer = retry.NewStandard(func(r *retry.StandardOptions) {
			r.MaxAttempts, r.MaxBackoff = attempts, longestPause
			r.RateLimiter = ratelimit.None
			r.Retryables = append(r.Retryables, retry.IsErrorRetryableFunc(unreadable), retry.IsErrorRetryableFunc(misdated))
		})
	}), nil
}

// unreadable makes the client repeat a request whose reply has begun with success and cannot be
// read to its end, as when the connection is cut. The store copes with changes that were made by
// an earlier attempt.
func unreadable(err error) aws.Ternary {
	if number, code := status(err); number/100 == 2 && code == "" {
		return aws.TrueTernary
	}
	return aws.UnknownTernary
}

// misdated makes the client repeat a request that the engine refuses although it is only the clock
// of this machine that is wrong. The client knows that from the reason, and has learnt the time of
// the engine, but the reply to a HEAD request has no reason.
func misdated(err error) aws.Ternary {
	// tolerated is how far the clocks may differ; engines allow 15 minutes.
	const tolerated = 5 * time.Minute
	refused, ok := errors.AsType[*awshttp.ResponseError](err)
	if !ok || refused.HTTPStatusCode() != http.StatusForbidden || refused.Response.Request == nil {
		return aws.UnknownTernary
	}
	signed, unsigned := time.Parse("20060102T150405Z", refused.Response.Request.Header.Get("X-Amz-Date"))
	at, undated := http.ParseTime(refused.Response.Header.Get("Date"))
	if unsigned == nil && undated == nil && signed.Sub(at).Abs() > tolerated {
		return aws.TrueTernary
	}
	return aws.UnknownTernary
}

// newTransport returns a transport that trusts the authorities in a file, if there is one, and
// those of the system.
func newTransport(authorities string) (http.RoundTripper, error) {
	transport := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		ForceAttemptHTTP2:     false, // one connection for each request is faster
		MaxIdleConns:          connections,
		MaxIdleConnsPerHost:   connections,
		IdleConnTimeout:       time.Minute,
		TLSHandshakeTimeout:   10 * time.Second,
		DisableCompression:    true,
		WriteBufferSize:       bufferBytes,
		ReadBufferSize:        bufferBytes,
		ExpectContinueTimeout: time.Second,
	}
	if authorities == "" {
		return transport, nil
	}
	pem, err := os.ReadFile(authorities) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, fmt.Errorf("reading the authorities of the S3 engine: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("reading the authorities of the S3 engine: %s has no certificate in PEM", authorities)
	}
	transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	return transport, nil
}
