package s3

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/tranship/tranship/internal/testing/fakes3"
	"github.com/tranship/tranship/internal/testing/s3engine"
)

// finding is a row of the table of engines.
type finding struct {
	name string
	// probed is set if the probe of the store finds it, and not this test.
	probed bool
	has    func(f *findings) bool
}

var table = []finding{
	{"PutObject checks `If-None-Match` and `If-Match`", true, func(*findings) bool { return true }}, // or else Open fails
	{"`If-Match` takes an ETag in quotes", true, func(f *findings) bool { return !f.store.unquoted.on.Load() }},
	{"CompleteMultipartUpload checks conditions", true, func(f *findings) bool { return f.store.features.conditionalComplete }},
	{"DeleteObject checks conditions", true, func(f *findings) bool { return f.store.features.conditionalDelete }},
	{"CRC32C is checked and kept", true, func(f *findings) bool { return f.store.features.checksums }},
	{"ListParts tells CRC32C", true, func(f *findings) bool { return f.store.features.listedChecksums }},
	{"of 8 conditional puts at once one succeeds", false, (*findings).oneWins},
	{"a list has an object right after its put, and not after its removal", false, (*findings).listsAtOnce},
	{"`a` can be beside `a/b`", false, (*findings).besides},
	{"CompleteMultipartUpload fails if it is repeated with other parts", false, (*findings).completesOnce},
	{"UploadPart refuses a wrong CRC32C", false, (*findings).refusesWrongPart},
}

// wanted has what docs/s3.md says of each engine, row by row.
var wanted = map[string]string{
	"in memory": "yes yes yes yes yes yes yes yes yes yes yes",
	"versitygw": "yes yes yes yes yes yes yes yes no no yes",
	"Ceph RGW":  "yes no no no no no yes yes yes yes no",
}

// TestProbeTable prints what the store finds out about each engine at its start, and more that
// matters. It fails if that is not what the documentation says.
func TestProbeTable(t *testing.T) {
	found := map[string][]string{}
	for name, start := range map[string]func(t *testing.T) (endpoint, bucket string){
		"in memory": func(t *testing.T) (string, string) { return fakes3.New(fakes3.Options{}).Start(t), "bucket" },
		"versitygw": func(t *testing.T) (string, string) {
			gateway := s3engine.StartVersitygw(t)
			return gateway.Endpoint, gateway.Bucket(t)
		},
		"Ceph RGW": func(t *testing.T) (string, string) {
			cluster := s3engine.StartCeph(t, 3)
			return cluster.Endpoint, cluster.Bucket(t)
		},
	} {
		t.Run(name, func(t *testing.T) {
			endpoint, bucket := start(t)
			store, err := Open(t.Context(), Options{
				Bucket: bucket, Endpoint: endpoint, PathStyle: true,
				AccessKeyID: s3engine.AccessKeyID, SecretAccessKey: s3engine.SecretAccessKey,
			})
			if err != nil {
				t.Fatal(err)
			}
			defer store.Close()
			f := &findings{T: t, store: store, client: s3engine.Engine{Endpoint: endpoint}.Client()}
			for _, row := range table {
				found[name] = append(found[name], map[bool]string{true: "yes", false: "no"}[row.has(f)])
			}
			if got := strings.Join(found[name], " "); got != wanted[name] {
				t.Errorf("%s: found %s, want %s", name, got, wanted[name])
			}
		})
	}
	engines := slices.Sorted(maps.Keys(found))
	var text strings.Builder
	fmt.Fprintf(&text, "\n| | found by | %s |\n| --- | --- |%s\n", strings.Join(engines, " | "), strings.Repeat(" --- |", len(engines)))
	for i, row := range table {
		fmt.Fprintf(&text, "| %s | %s |", row.name, map[bool]string{true: "the probe", false: "the test"}[row.probed])
		for _, engine := range engines {
			if i < len(found[engine]) {
				fmt.Fprintf(&text, " %s |", found[engine][i])
			}
		}
		fmt.Fprintln(&text)
	}
	t.Log(text.String())
}

// findings finds out what an engine does, without the store.
type findings struct {
	*testing.T
	store  *Store
	client *awss3.Client
}

// put puts an object, if there is none unless over is set.
func (f *findings) put(key string, over bool) error {
	input := &awss3.PutObjectInput{Bucket: &f.store.bucket, Key: &key, Body: bytes.NewReader([]byte(key))}
	if !over {
		input.IfNoneMatch = aws.String("*")
	}
	_, err := f.client.PutObject(f.Context(), input)
	return err
}

func (f *findings) oneWins() bool {
	const racers = 8
	results := make(chan error, racers)
	for range racers {
		go func() { results <- f.put("race", false) }()
	}
	won := 0
	for range racers {
		if <-results == nil {
			won++
		}
	}
	return won == 1
}

func (f *findings) listsAtOnce() bool {
	for n := range 20 {
		key := fmt.Sprint("listed/", n)
		for _, want := range []int{1, 0} {
			var err error
			if want == 1 {
				err = f.put(key, true)
			} else {
				_, err = f.client.DeleteObject(f.Context(), &awss3.DeleteObjectInput{Bucket: &f.store.bucket, Key: &key})
			}
			if err != nil {
				f.Fatal(err)
			}
			reply, err := f.client.ListObjectsV2(f.Context(), &awss3.ListObjectsV2Input{Bucket: &f.store.bucket, Prefix: aws.String("listed/")})
			if err != nil {
				f.Fatal(err)
			}
			if len(reply.Contents) != want {
				return false
			}
		}
	}
	return true
}

func (f *findings) besides() bool {
	if err := f.put("a", true); err != nil {
		f.Fatal(err)
	}
	return f.put("a/b", true) == nil
}
