package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/tranship/tranship/cmd/tranship/internal/console"
	"github.com/tranship/tranship/internal/testing/fakes3"
)

// useBucket makes the environment name an engine and credentials, and returns the engine.
func useBucket(t *testing.T, options fakes3.Options) *fakes3.Server {
	t.Helper()
	options.MinPartBytes = 5 << 20
	engine := fakes3.New(options)
	t.Setenv("AWS_ACCESS_KEY_ID", "key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_ENDPOINT_URL_S3", engine.Start(t))
	return engine
}

// writeSource writes files below a new directory, and returns it.
func writeSource(t *testing.T, files map[string][]byte) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "tree")
	for name, data := range files {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, data, 0o640); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// bucketTree has an empty file, small ones and one of several parts.
func bucketTree() map[string][]byte {
	return map[string][]byte{
		"empty": {}, "a/small": []byte("small"), "a/ü b%": []byte("other"), "large": bytes.Repeat([]byte("0123456789abcdef"), 20<<16),
	}
}

// A tree is copied to a bucket and back, to a server and within the bucket, and -u copies what
// has changed only.
func TestCopyBucketTree(t *testing.T) {
	engine := useBucket(t, fakes3.Options{})
	files := bucketTree()
	source := writeSource(t, files)

	output(t, 0, "cp", "-n", "-r", source, "s3://bucket/x/tree")
	if objects, uploads := engine.Keys(""); objects+uploads != 0 {
		t.Errorf("-n has made %d objects and %d uploads", objects, uploads)
	}
	output(t, 0, "cp", "-r", source, "s3://bucket/x/tree")
	before := engine.Requests()
	if out, _ := output(t, 0, "cp", "-r", "-u", "--json", source+"/.", "s3://bucket/x/tree"); strings.Contains(out, `"sent_bytes":5`) {
		t.Errorf("-u has copied files again: %s", out)
	}
	if after := engine.Requests(); after["UploadPart"] != before["UploadPart"]+1 { // that of the probe
		t.Errorf("-u has sent %d parts", after["UploadPart"]-before["UploadPart"]-1)
	}

	output(t, 0, "cp", "-r", "s3://bucket/x/tree", "s3://bucket/y")
	_, _, address := serveFor(t.Context(), t)
	output(t, 0, "cp", "-r", "s3://bucket/y", "grpc://"+address+"/z")
	output(t, 0, "cp", "-r", "grpc://"+address+"/z", "s3://bucket/back")
	target := filepath.Join(t.TempDir(), "copy")
	output(t, 0, "cp", "-r", "s3://bucket/back", target)
	for name, data := range files {
		sameContent(t, filepath.Join(target, name), data)
		from, err := os.Stat(filepath.Join(source, name))
		if err != nil {
			t.Fatal(err)
		}
		to, err := os.Stat(filepath.Join(target, name))
		if err != nil || !to.ModTime().Equal(from.ModTime()) || to.Mode() != from.Mode() {
			t.Errorf("%s: %v, %v; want %v", name, to, err, from)
		}
	}
}

// The other commands work on a bucket as on a server.
func TestCommandsOnBucket(t *testing.T) {
	engine := useBucket(t, fakes3.Options{})
	output(t, 0, "cp", "-r", writeSource(t, bucketTree()), "s3://bucket/x/tree")
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"ls", "-r", "s3://bucket"}, "x/tree/a/small\nx/tree/a/ü b%\nx/tree/empty\nx/tree/large\n"},
		{[]string{"ls", "s3://bucket/x/tree"}, "a/\nempty\nlarge\n"},
		{[]string{"ls", "s3://bucket/x/tree/a/%C3%BC%20b%25"}, "ü b%\n"},
		{[]string{"ls", "--s3-prefix", "x", "s3://bucket/x/tree"}, "a/\nempty\nlarge\n"},
		{[]string{"cp", "s3://bucket/x/tree/a/small", "-"}, "small"},
		{[]string{"mv", "s3://bucket/x/tree/a/small", "s3://bucket/x/"}, ""},
		{[]string{"rm", "-n", "s3://bucket/x/small"}, "would remove s3://bucket/x/small\n"},
		{[]string{"rm", "-r", "s3://bucket/x/tree"}, ""},
		{[]string{"ls", "-r", "s3://bucket"}, "x/small\n"},
		{[]string{"uploads", "ls", "s3://bucket"}, ""},
		{[]string{"__complete", "cp", "s3://bucket/x/s"}, "s3://bucket/x/small\n:4\n"},
	} {
		if out, _ := output(t, 0, test.args...); out != test.want {
			t.Errorf("%q: %q, want %q", test.args, out, test.want)
		}
	}
	if out, _ := output(t, 0, "stat", "--digest", "sha256", "s3://bucket/x/small"); !strings.Contains(out, "size:     5\n") || !strings.Contains(out, "mode:     0640\n") || !strings.Contains(out, "\ndigest:   sha256:") {
		t.Errorf("stat: %s", out)
	}
	if objects, uploads := engine.Keys("x/tree"); objects+uploads != 0 {
		t.Errorf("%d objects and %d uploads are left", objects, uploads)
	}
	fails(t, console.ExitNotFound, []string{"s3://bucket/none"}, "cp", "s3://bucket/none", t.TempDir())
}

// The standard input, whose size is not known, becomes an object.
func TestCopyStandardInputToBucket(t *testing.T) {
	useBucket(t, fakes3.Options{})
	content := bytes.Repeat([]byte("0123456789abcdef"), 3<<16)
	c := start(t.Context(), bytes.NewReader(content), "cp", "-", "s3://bucket/stream")
	if code := <-c.code; code != 0 {
		t.Fatalf("exit code %d: %s", code, c.err.String())
	}
	target := filepath.Join(t.TempDir(), "stream")
	output(t, 0, "cp", "s3://bucket/stream", target)
	sameContent(t, target, content)
}

// With --s3-prefix, all that the command keeps in the bucket is below the prefix, and files of
// a server with that prefix are those of the command.
func TestCopyBelowPrefix(t *testing.T) {
	engine := useBucket(t, fakes3.Options{})
	source := writeSource(t, bucketTree())
	output(t, 0, "cp", "-r", "--s3-prefix", "a/prefix", source, "s3://bucket/a/prefix/tree")
	all, _ := engine.Keys("")
	if below, _ := engine.Keys("a/prefix/"); below != all {
		t.Errorf("%d objects, %d of them below the prefix", all, below)
	}
	address := serveBucket(t, os.Getenv("AWS_ENDPOINT_URL_S3"))
	if out, _ := output(t, 0, "ls", "grpc://"+address+"/tree"); out != "a/\nempty\nlarge\n" {
		t.Errorf("the server lists %q", out)
	}
	if _, text := output(t, console.ExitUsage, "ls", "--s3-prefix", "a/prefix", "s3://bucket/b"); !strings.Contains(text, "not below the prefix a/prefix") {
		t.Errorf("outside: %s", text)
	}
}

// An upload to a bucket whose process was killed is resumed where it was.
func TestBucketUploadResumesAfterKill(t *testing.T) {
	engine := useBucket(t, fakes3.Options{})
	source := filepath.Join(t.TempDir(), "large")
	content := largeFile(t, source)
	blocked := make(chan struct{})
	t.Cleanup(func() { close(blocked) })
	engine.Inject(fakes3.Fault{Operation: "UploadPart", Key: "a/large", Skip: 2, Before: func() { <-blocked }})
	first := startProgram(t, "cp", source, "s3://bucket/a/large")
	upload := awaitDurable(t, "s3://bucket")
	first.end(t, syscall.SIGKILL)
	engine.Heal()
	if upload.Path != "a/large" || upload.Size != largeBytes {
		t.Errorf("upload %+v", upload)
	}
	result := sent(t, source, "s3://bucket/a/large")
	if result.SkippedBytes < upload.DurableBytes || result.SentBytes+result.SkippedBytes != largeBytes || result.SentBytes == 0 {
		t.Errorf("sent %d, skipped %d of %d, of which %d had been durable", result.SentBytes, result.SkippedBytes, largeBytes, upload.DurableBytes)
	}
	if uploads := unfinished(t, "s3://bucket"); len(uploads) > 0 {
		t.Errorf("left: %+v", uploads)
	}
	target := filepath.Join(t.TempDir(), "copy")
	output(t, 0, "cp", "s3://bucket/a/large", target)
	sameContent(t, target, content)
}

// A download from a bucket that was interrupted is resumed where it was.
func TestBucketDownloadResumesAfterInterrupt(t *testing.T) {
	engine := useBucket(t, fakes3.Options{})
	source := filepath.Join(t.TempDir(), "large")
	content := largeFile(t, source)
	output(t, 0, "cp", source, "s3://bucket/large")
	blocked := make(chan struct{})
	t.Cleanup(func() { close(blocked) })
	engine.Inject(fakes3.Fault{Operation: "GetObject", Key: "large", Times: 1, Truncate: largeBytes * 3 / 4})
	engine.Inject(fakes3.Fault{Operation: "GetObject", Key: "large", Before: func() { <-blocked }})
	target := filepath.Join(t.TempDir(), "copy")
	first := startProgram(t, "cp", "--progress", "plain", "--progress-interval", "10ms", "s3://bucket/large", target)
	first.err.AwaitMatch(t, quarter)
	if code := first.end(t, syscall.SIGINT); code != 1 {
		t.Errorf("exit code %d", code)
	}
	engine.Heal()
	if text := first.err.String(); !strings.HasSuffix(text, "; run the same command again to resume\n") {
		t.Errorf("%q", text)
	}
	result := sent(t, "s3://bucket/large", target)
	if result.SkippedBytes == 0 || result.SentBytes+result.SkippedBytes != largeBytes {
		t.Errorf("sent %d, skipped %d", result.SentBytes, result.SkippedBytes)
	}
	sameContent(t, target, content)
}
