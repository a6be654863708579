package s3

import (
	"bytes"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/tranship/tranship"
)

// create creates a multipart upload with checksums.
func (f *findings) create(key string) *string {
	made, err := f.client.CreateMultipartUpload(f.Context(), &awss3.CreateMultipartUploadInput{
		Bucket: &f.store.bucket, Key: &key, ChecksumAlgorithm: types.ChecksumAlgorithmCrc32c, ChecksumType: types.ChecksumTypeFullObject,
	})
	if err != nil {
		f.Fatal(err)
	}
	return made.UploadId
}

// upload uploads a part of a multipart upload with a checksum, which may be wrong.
func (f *findings) upload(key string, id *string, content string, crc uint32) (types.CompletedPart, error) {
	sum := aws.String(formatChecksum(crc))
	part, err := f.client.UploadPart(f.Context(), &awss3.UploadPartInput{
		Bucket: &f.store.bucket, Key: &key, UploadId: id, PartNumber: aws.Int32(1), Body: bytes.NewReader([]byte(content)), ChecksumCRC32C: sum,
	})
	if err != nil {
		return types.CompletedPart{}, err
	}
	return types.CompletedPart{PartNumber: aws.Int32(1), ETag: part.ETag, ChecksumCRC32C: sum}, nil
}

func (f *findings) complete(key string, id *string, part types.CompletedPart) error {
	_, err := f.client.CompleteMultipartUpload(f.Context(), &awss3.CompleteMultipartUploadInput{
		Bucket: &f.store.bucket, Key: &key, UploadId: id, MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{part}},
	})
	return err
}

// completesOnce completes an upload, and again with a part that it never had.
func (f *findings) completesOnce() bool {
	const key = "completed"
	id := f.create(key)
	part, err := f.upload(key, id, "content", tranship.CRC32C([]byte("content")))
	if err != nil {
		f.Fatal(err)
	}
	if err := f.complete(key, id, part); err != nil {
		f.Fatal(err)
	}
	part.ETag, part.ChecksumCRC32C = aws.String(`"00000000000000000000000000000000"`), aws.String(formatChecksum(1))
	return f.complete(key, id, part) != nil
}

func (f *findings) refusesWrongPart() bool {
	const key = "wrong"
	id := f.create(key)
	_, err := f.upload(key, id, "content", tranship.CRC32C([]byte("other"))) // nothing comes of it
	return err != nil
}
