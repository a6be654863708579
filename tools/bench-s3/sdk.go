package main

import (
	"context"
	"net/http"
	"os"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	tmtypes "github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"
)

const (
	// sdkPart and sdkParallel are the length of the parts of the SDK's transfer manager and
	// how many it transfers at once: those of store/s3 for a file of 1 GiB.
	sdkPart     = 8 << 20
	sdkParallel = 8
	// sdkPuts is how many small files the SDK puts at once: as many as store/s3.
	sdkPuts = 32
)

// newSDK returns the client of the SDK, with the checks of store/s3: CRC32C, and no digest of
// the content in the signature.
func newSDK(ctx context.Context, endpoint string) (*s3.Client, error) {
	settings, err := config.LoadDefaultConfig(ctx, config.WithRegion("us-east-1"))
	if err != nil {
		return nil, err
	}
	return s3.NewFromConfig(settings, func(o *s3.Options) {
		o.UsePathStyle, o.BaseEndpoint = true, &endpoint
		o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
		o.DisableLogOutputChecksumValidationSkipped = true
		o.APIOptions = append(o.APIOptions, v4.SwapComputePayloadSHA256ForUnsignedPayloadMiddleware)
		o.HTTPClient = &http.Client{Transport: &http.Transport{
			MaxIdleConnsPerHost: 128, DisableCompression: true, WriteBufferSize: 256 << 10, ReadBufferSize: 256 << 10,
		}}
	}), nil
}

func newManager(client *s3.Client) *transfermanager.Client {
	return transfermanager.New(client, func(o *transfermanager.Options) {
		o.PartSizeBytes, o.Concurrency = sdkPart, sdkParallel
		o.ChecksumAlgorithm = tmtypes.ChecksumAlgorithmCrc32c
		o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		o.GetObjectType = tmtypes.GetObjectRanges
	})
}

// sdkUp uploads a file.
func sdkUp(ctx context.Context, endpoint, name string) error {
	client, err := newSDK(ctx, endpoint)
	if err != nil {
		return err
	}
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = newManager(client).UploadObject(ctx, &transfermanager.UploadObjectInput{Bucket: aws.String("bucket"), Key: aws.String("large"), Body: file})
	return err
}

// sdkDown downloads a file.
func sdkDown(ctx context.Context, endpoint, name string) error {
	client, err := newSDK(ctx, endpoint)
	if err != nil {
		return err
	}
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	if _, err := newManager(client).DownloadObject(ctx, &transfermanager.DownloadObjectInput{Bucket: aws.String("bucket"), Key: aws.String("large"), WriterAt: file}); err != nil {
		_ = file.Close()
		return err
	}
	return file.Close()
}

// sdkSmall uploads the files of a directory.
func sdkSmall(ctx context.Context, endpoint, directory string) error {
	client, err := newSDK(ctx, endpoint)
	if err != nil {
		return err
	}
	entries, err := os.ReadDir(directory)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(sdkPuts)
	for _, entry := range entries {
		group.Go(func() error {
			file, err := os.Open(filepath.Join(directory, entry.Name()))
			if err != nil {
				return err
			}
			defer file.Close()
			_, err = client.PutObject(ctx, &s3.PutObjectInput{
				Bucket: aws.String("bucket"), Key: aws.String("small/" + entry.Name()), Body: file, ChecksumAlgorithm: types.ChecksumAlgorithmCrc32c,
			})
			return err
		})
	}
	return group.Wait()
}
