package main

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tranship/tranship/cmd/tranship/internal/console"
	"github.com/tranship/tranship/internal/testing/fakes3"
)

// withoutCredentials makes the environment of this machine have no credentials of S3.
func withoutCredentials(t *testing.T) {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_PROFILE": "", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": filepath.Join(t.TempDir(), "config"), "AWS_SHARED_CREDENTIALS_FILE": filepath.Join(t.TempDir(), "credentials"),
	} {
		t.Setenv(name, value)
	}
}

// Each cause for which a bucket cannot be opened has its exit code, and one line that names
// the bucket, the cause and what to do.
func TestBucketErrors(t *testing.T) {
	head := func(status int, code string) fakes3.Fault {
		return fakes3.Fault{Operation: "HeadBucket", Status: status, Code: code}
	}
	for _, test := range []struct {
		name    string
		options fakes3.Options
		fault   fakes3.Fault
		code    int
		words   []string
	}{
		{"missing", fakes3.Options{}, head(404, "NotFound"), console.ExitNotFound, []string{"no bucket bucket", "create it"}},
		{"refused key", fakes3.Options{}, head(403, "Forbidden"), console.ExitDenied, []string{"denies access to the bucket", "credentials"}},
		{"not understood", fakes3.Options{}, head(400, "BadRequest"), console.ExitFailed, []string{"400", "region"}},
		{"lacking engine", fakes3.Options{NoConditionalPut: true}, fakes3.Fault{Operation: "none", Status: 500}, console.ExitFailed, []string{"If-None-Match", "another engine"}},
		{"may not write", fakes3.Options{}, fakes3.Fault{Operation: "PutObject", Status: 403, Code: "AccessDenied"}, console.ExitDenied, []string{"403 AccessDenied"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			engine := useBucket(t, test.options)
			engine.Inject(test.fault)
			source := writeSource(t, map[string][]byte{"a": []byte("a")})
			fails(t, test.code, append([]string{"tranship: s3://bucket: "}, test.words...), "cp", filepath.Join(source, "a"), "s3://bucket/a")
		})
	}
	t.Run("no credentials", func(t *testing.T) {
		useBucket(t, fakes3.Options{})
		withoutCredentials(t)
		fails(t, console.ExitDenied, []string{"s3://bucket: ", "no credentials", "AWS_ACCESS_KEY_ID"}, "ls", "s3://bucket")
	})
	t.Run("another region", func(t *testing.T) {
		useBucket(t, fakes3.Options{})
		engine := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Amz-Bucket-Region", "eu-north-1")
			w.WriteHeader(http.StatusMovedPermanently)
		}))
		t.Cleanup(engine.Close)
		t.Setenv("AWS_REGION", "us-west-2")
		fails(t, console.ExitFailed, []string{"s3://bucket: ", "eu-north-1, not in us-west-2", "--s3-region eu-north-1"}, "ls", "--s3-endpoint", engine.URL, "s3://bucket")
	})
}

// Commands that only read need no right to write.
func TestReadBucketWithoutRightToWrite(t *testing.T) {
	engine := useBucket(t, fakes3.Options{})
	source := writeSource(t, bucketTree())
	output(t, 0, "cp", "-r", source, "s3://bucket/tree")
	for _, operation := range []string{"PutObject", "DeleteObject", "CreateMultipartUpload"} {
		engine.Inject(fakes3.Fault{Operation: operation, Status: http.StatusForbidden, Code: "AccessDenied"})
	}
	target := filepath.Join(t.TempDir(), "copy")
	output(t, 0, "cp", "-r", "s3://bucket/tree", target)
	for name, data := range bucketTree() {
		sameContent(t, filepath.Join(target, name), data)
	}
	output(t, 0, "ls", "-l", "-r", "s3://bucket")
	output(t, 0, "stat", "s3://bucket/tree/large")
	output(t, 0, "rm", "-r", "-n", "s3://bucket/tree")
	output(t, 0, "uploads", "ls", "s3://bucket")
}

// damage changes the first byte of an object, and leaves its metadata.
func damage(t *testing.T, address string) {
	t.Helper()
	found, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(found.Body)
	if err := errors.Join(err, found.Body.Close()); err != nil || found.StatusCode != http.StatusOK {
		t.Fatalf("%s: %v", found.Status, err)
	}
	data[0] ^= 1
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, address, bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range found.Header {
		if strings.HasPrefix(name, "X-Amz-Meta-") {
			request.Header[name] = values
		}
	}
	stored, err := http.DefaultClient.Do(request)
	if err != nil || stored.StatusCode != http.StatusOK {
		t.Fatalf("%v, %v", stored, err)
	}
	_ = stored.Body.Close()
}

// A file whose bytes the engine has changed is not stored.
func TestBucketDownloadIsVerified(t *testing.T) {
	useBucket(t, fakes3.Options{})
	source := writeSource(t, map[string][]byte{"a": []byte("content")})
	output(t, 0, "cp", filepath.Join(source, "a"), "s3://bucket/a")
	damage(t, os.Getenv("AWS_ENDPOINT_URL_S3")+"/bucket/a")
	target := filepath.Join(t.TempDir(), "a")
	if _, text := output(t, 5, "cp", "s3://bucket/a", target); !strings.Contains(text, "CRC32C") {
		t.Errorf("%s", text)
	}
}

func TestBucketCommandUsage(t *testing.T) {
	for _, test := range []struct {
		word string
		args []string
	}{
		{"need a location in a bucket", []string{"ls", "--s3-path-style", "grpc://h:1"}},
		{"--s3-endpoint", []string{"ls", "--s3-endpoint", "example.com", "s3://bucket"}},
		{"--s3-memory", []string{"cp", "--s3-memory", "1MiB", "a", "s3://bucket"}},
		{"--s3-prefix", []string{"ls", "--s3-prefix", "../x", "s3://bucket"}},
		{"--protocol filesrv is for servers", []string{"cp", "--protocol", "filesrv", "a", "s3://bucket"}},
		{"s3://bucket/path", []string{"ls", "s3://"}},
		{"s3://bucket/path", []string{"ls", "s3://host:9000/bucket"}},
		{"%3F", []string{"ls", "s3://bucket/a?b"}},
		{"in a bucket", []string{"cp", "a", "b"}},
		{"one server only", []string{"mv", "s3://bucket/a", "s3://other/a"}},
	} {
		_, text := output(t, console.ExitUsage, test.args...)
		if !strings.Contains(text, test.word) {
			t.Errorf("%q: %s lacks %q", test.args, text, test.word)
		}
	}
}
