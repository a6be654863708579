package s3

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/tranship/tranship"
)

// features are what an engine does. The store needs conditions of PutObject, and copes with
// the lack of the others.
type features struct {
	// conditionalComplete: the engine checks the conditions of CompleteMultipartUpload.
	conditionalComplete bool
	// conditionalDelete: the engine checks the conditions of DeleteObject.
	conditionalDelete bool
	// checksums: the engine checks and keeps the CRC32C of objects.
	checksums bool
	// listedChecksums: ListParts tells the CRC32C of parts.
	listedChecksums bool
}

// lacks names what the engine does not do.
func (f features) lacks() []string {
	var all []string
	for _, feature := range []struct {
		has  bool
		name string
	}{
		{f.conditionalComplete, "conditions of CompleteMultipartUpload"},
		{f.conditionalDelete, "conditions of DeleteObject"},
		{f.checksums, "CRC32C checksums"},
		{f.listedChecksums, "checksums in ListParts"},
	} {
		if !feature.has {
			all = append(all, feature.name)
		}
	}
	return all
}

// unquoting is a part of the client that removes the quotes of the ETag in If-Match, for
// engines that compare it without them.
type unquoting struct{ on atomic.Bool }

// add adds it to the operations of a client.
func (q *unquoting) add(stack *middleware.Stack) error {
	return stack.Build.Add(middleware.BuildMiddlewareFunc("tranship:unquoted", func(ctx context.Context, in middleware.BuildInput, next middleware.BuildHandler) (middleware.BuildOutput, middleware.Metadata, error) {
		if request, ok := in.Request.(*smithyhttp.Request); ok && q.on.Load() {
			if etag := request.Header.Get("If-Match"); etag != "" {
				request.Header.Set("If-Match", strings.Trim(etag, `"`))
			}
		}
		return next.HandleBuild(ctx, in)
	}), middleware.After)
}

// probe asks an engine what it does, with an object of the store's own.
type probe struct {
	store *Store
	key   string
	etag  string
}

// probe finds out the features of the engine. It returns an error that matches
// tranship.ErrUnsupported if the engine lacks one that the store needs.
func (s *Store) probe(ctx context.Context) error {
	p := &probe{store: s, key: s.keys.probes() + rand.Text()}
	defer func() {
		_, _ = s.client.DeleteObject(context.WithoutCancel(ctx), &awss3.DeleteObjectInput{Bucket: &s.bucket, Key: &p.key})
	}()
	for _, step := range []func(context.Context) error{p.putNew, p.putOver, p.checksum, p.remove, p.multipart} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// probed is the content of the object.
const probed = "what this engine does"

// put stores the object.
func (p *probe) put(ctx context.Context, match, none *string, crc uint32) (etag string, err error) {
	reply, err := p.store.client.PutObject(ctx, &awss3.PutObjectInput{
		Bucket: &p.store.bucket, Key: &p.key, Body: bytes.NewReader([]byte(probed)),
		IfMatch: match, IfNoneMatch: none, ChecksumCRC32C: aws.String(formatChecksum(crc)),
	})
	if err != nil {
		return "", err
	}
	return aws.ToString(reply.ETag), nil
}

// needed is the error for an engine without conditions.
func needed(condition string) error {
	return fmt.Errorf("%w: this S3 engine ignores %s of PutObject, without which several servers would overwrite each other's files: use a newer version of it, or another engine", tranship.ErrUnsupported, condition)
}

// putNew checks If-None-Match.
func (p *probe) putNew(ctx context.Context) (err error) {
	crc := tranship.CRC32C([]byte(probed))
	p.etag, err = p.put(ctx, nil, aws.String("*"), crc)
	if isCondition(err) { // the key is new: the reply to an earlier attempt was lost
		p.etag, err = p.put(ctx, nil, nil, crc)
	}
	if err != nil {
		return translated(ctx, err, "a probe of the engine")
	}
	_, err = p.put(ctx, nil, aws.String("*"), crc)
	if err == nil {
		return needed("If-None-Match")
	}
	if !isCondition(err) {
		return translated(ctx, err, "a probe of the engine")
	}
	return nil
}

// putOver checks If-Match.
func (p *probe) putOver(ctx context.Context) error {
	crc := tranship.CRC32C([]byte(probed))
	_, err := p.put(ctx, aws.String(`"00000000000000000000000000000000"`), nil, crc)
	if err == nil {
		return needed("If-Match")
	}
	if !isCondition(err) {
		return translated(ctx, err, "a probe of the engine")
	}
	_, err = p.put(ctx, &p.etag, nil, crc)
	if isCondition(err) {
		p.store.unquoted.on.Store(true)
		_, err = p.put(ctx, &p.etag, nil, crc)
	}
	if err != nil {
		return translated(ctx, err, "a probe of the engine")
	}
	return nil
}

// checksum checks whether the engine checks and keeps checksums.
func (p *probe) checksum(ctx context.Context) error {
	crc := tranship.CRC32C([]byte(probed))
	if _, err := p.put(ctx, nil, nil, crc+1); err == nil {
		return nil
	}
	reply, err := p.store.client.HeadObject(ctx, &awss3.HeadObjectInput{Bucket: &p.store.bucket, Key: &p.key, ChecksumMode: types.ChecksumModeEnabled})
	if err != nil {
		return translated(ctx, err, "a probe of the engine")
	}
	p.store.features.checksums = aws.ToString(reply.ChecksumCRC32C) == formatChecksum(crc)
	return nil
}

// remove checks the conditions of DeleteObject.
func (p *probe) remove(ctx context.Context) error {
	_, err := p.store.client.DeleteObject(ctx, &awss3.DeleteObjectInput{Bucket: &p.store.bucket, Key: &p.key, IfMatch: aws.String(`"00000000000000000000000000000000"`)})
	p.store.features.conditionalDelete = err != nil
	if err == nil || isCondition(err) {
		return nil
	}
	return translated(ctx, err, "a probe of the engine")
}

// multipart checks an upload in parts, of an object that is there.
func (p *probe) multipart(ctx context.Context) error {
	s, crc := p.store, tranship.CRC32C([]byte(probed))
	if _, err := p.put(ctx, nil, nil, crc); err != nil {
		return translated(ctx, err, "a probe of the engine")
	}
	made, err := s.client.CreateMultipartUpload(ctx, &awss3.CreateMultipartUploadInput{
		Bucket: &s.bucket, Key: &p.key, ChecksumAlgorithm: types.ChecksumAlgorithmCrc32c, ChecksumType: types.ChecksumTypeFullObject,
	})
	if err != nil {
		return translated(ctx, err, "a probe of the engine")
	}
	defer func() {
		_, _ = s.client.AbortMultipartUpload(context.WithoutCancel(ctx), &awss3.AbortMultipartUploadInput{Bucket: &s.bucket, Key: &p.key, UploadId: made.UploadId})
	}()
	part, err := s.client.UploadPart(ctx, &awss3.UploadPartInput{
		Bucket: &s.bucket, Key: &p.key, UploadId: made.UploadId, PartNumber: aws.Int32(1),
		Body: bytes.NewReader([]byte(probed)), ChecksumCRC32C: aws.String(formatChecksum(crc)),
	})
	if err != nil {
		return translated(ctx, err, "a probe of the engine")
	}
	listed, err := s.client.ListParts(ctx, &awss3.ListPartsInput{Bucket: &s.bucket, Key: &p.key, UploadId: made.UploadId})
	if err != nil {
		return translated(ctx, err, "a probe of the engine")
	}
	s.features.listedChecksums = len(listed.Parts) == 1 && aws.ToString(listed.Parts[0].ChecksumCRC32C) == formatChecksum(crc)
	_, err = s.client.CompleteMultipartUpload(ctx, &awss3.CompleteMultipartUploadInput{
		Bucket: &s.bucket, Key: &p.key, UploadId: made.UploadId, IfNoneMatch: aws.String("*"),
		MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{
			PartNumber: aws.Int32(1), ETag: part.ETag, ChecksumCRC32C: aws.String(formatChecksum(crc)),
		}}},
	})
	s.features.conditionalComplete = err != nil && isCondition(err)
	if err == nil || isCondition(err) {
		return nil
	}
	return translated(ctx, err, "a probe of the engine")
}
