package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/tranship/tranship/cmd/tranship/internal/console"
	"github.com/tranship/tranship/internal/testing/fakes3"
	"github.com/tranship/tranship/internal/testing/program"
)

// tracedServer runs serve with arguments that name a store. stop ends it, and returns its log.
func tracedServer(t *testing.T, args ...string) (address string, stop func() string) {
	t.Helper()
	ready := filepath.Join(t.TempDir(), "ready")
	ctx, cancel := context.WithCancel(t.Context())
	c := start(ctx, nil, append([]string{"serve", "--listen", "127.0.0.1:0", "--ready-file", ready}, args...)...)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if code := <-c.code; code != 0 {
			t.Errorf("exit code %d: %s", code, c.err.String())
		}
	}()
	stop = func() string {
		cancel()
		<-done
		return c.err.String()
	}
	t.Cleanup(func() { stop() })
	address, err := program.Ready(done, ready)
	if err != nil {
		t.Fatalf("%v: %s", err, c.err.String())
	}
	return "grpc://" + address, stop
}

// overTransports runs a test over gRPC and over lanes.
func overTransports(t *testing.T, test func(t *testing.T, transport string)) {
	for _, transport := range []string{"grpc", "lanes"} {
		t.Run(transport, func(t *testing.T) { test(t, transport) })
	}
}

// TestTraceOfCopy checks that a copy of large and small files to a bucket and back is one trace
// each, with the spans of the client, of the server and of the engine.
func TestTraceOfCopy(t *testing.T) {
	overTransports(t, func(t *testing.T, transport string) {
		useBucket(t, fakes3.Options{})
		c := startCollector(t, nil)
		address, stop := tracedServer(t, "--store", "s3://bucket/prefix")
		source := writeSource(t, bucketTree())
		output(t, 0, "cp", "-r", "--transport", transport, source, address+"/tree")
		up := c.received()
		output(t, 0, "cp", "-r", "--transport", transport, address+"/tree", filepath.Join(t.TempDir(), "back"))
		log := stop()
		all := c.received()
		ways, ids := all.ways(t)
		if len(ids) != 2 {
			t.Errorf("there are %d traces: %q", len(ids), ids)
		}
		const call = "tranship.v1.FileService"
		for _, way := range []string{
			"tranship cp > upload > " + call + "/Upload > upload > S3 PUT part",
			"tranship cp > " + call + "/Upload > upload batch > S3 PUT",
			"tranship cp > " + call + "/Upload > upload batch > upload",
			"tranship cp > upload batch > upload",
			"tranship cp > list > " + call + "/List > S3 GET list",
			"tranship cp > download > " + call + "/Download > download > S3 GET",
			"tranship cp > " + call + "/Download > download batch > S3 GET",
			"tranship cp > download batch > download",
		} {
			if ways[way] == 0 {
				t.Errorf("there is no span %q", way)
			}
		}
		large := "tranship cp > upload"
		for _, sum := range []struct {
			way, key string
			want     int
		}{
			{large, "tranship.bytes", 20 << 20},
			{large + " > " + call + "/Upload > upload", "tranship.bytes", 20 << 20},
			{"tranship cp > upload batch", "tranship.files", 3},
			{"tranship cp > upload batch", "tranship.bytes", 10},
			{"tranship cp > " + call + "/Upload > upload batch", "tranship.files", 3},
			{"tranship cp > download", "tranship.bytes", 20 << 20},
			{"tranship cp > download batch", "tranship.files", 3},
			{"tranship cp > " + call + "/Download > download batch", "tranship.bytes", 10},
		} {
			if got := all.sum(t, sum.way, sum.key); got != sum.want {
				t.Errorf("the spans %q have %s=%d, want %d", sum.way, sum.key, got, sum.want)
			}
		}
		for _, span := range []struct{ name, key, value string }{{"upload", "tranship.path", "tree/large"}, {"upload", "tranship.transport", transport}} {
			if len(all.named(span.name, span.key, span.value)) == 0 {
				t.Errorf("no span %q has %s=%s", span.name, span.key, span.value)
			}
		}
		if !slices.Contains(ids, fmt.Sprintf("%x", up.named("tranship cp", "", "")[0].GetTraceId())) {
			t.Error("the first copy has no trace")
		}
		for line := range strings.Lines(log) {
			if strings.Contains(line, "transfer") && !slices.ContainsFunc(ids, func(id string) bool { return strings.Contains(line, "trace_id="+id) }) {
				t.Errorf("a line of the log has no trace: %s", line)
			}
		}
		for _, name := range []string{"tranship_transfers_total", "tranship_transfer_duration_seconds", "tranship_uploads", "go_goroutines"} {
			if !slices.Contains(c.metrics.names, name) {
				t.Errorf("the metric %s was not received", name)
			}
		}
		if !slices.Contains(c.headers, "secret") || !slices.Contains(c.services, "files") {
			t.Errorf("the collector was sent the headers %q by the services %q", c.headers, c.services)
		}
	})
}

// TestTraceOverHTTP checks that traces and metrics go to a collector over HTTP, which is the
// default.
func TestTraceOverHTTP(t *testing.T) {
	var mu sync.Mutex
	requests := map[string]int{}
	site := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) {
		_, _ = io.Copy(io.Discard, request.Body)
		mu.Lock()
		defer mu.Unlock()
		requests[request.Method+" "+request.URL.Path+" "+request.Header.Get("Content-Type")]++
	}))
	defer site.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", site.URL)
	address, stop := tracedServer(t, "--root", filepath.Join(t.TempDir(), "root"))
	_, printed := output(t, 0, "cp", "-r", writeSource(t, bucketTree()), address+"/tree")
	if log := stop(); printed != "" || strings.Contains(log, "msg=telemetry") {
		t.Errorf("the copy printed %q, and the log is %s", printed, log)
	}
	mu.Lock()
	defer mu.Unlock()
	for _, want := range []string{"POST /v1/traces application/x-protobuf", "POST /v1/metrics application/x-protobuf"} {
		if requests[want] == 0 {
			t.Errorf("the collector has got %v, and no %s", requests, want)
		}
	}
}

// TestTraceOfFailure checks that a span has the kind of the error, and that the copy fails as
// without telemetry.
func TestTraceOfFailure(t *testing.T) {
	c := startCollector(t, nil)
	address, stop := tracedServer(t, "--root", filepath.Join(t.TempDir(), "root"))
	fails(t, console.ExitNotFound, []string{"not found"}, "cp", address+"/none", t.TempDir())
	stop()
	all := c.received()
	failed := func(name, kind string) bool {
		return slices.ContainsFunc(all.named(name, "error.type", kind), func(span *tracev1.Span) bool {
			return span.GetStatus().GetCode() == tracev1.Status_STATUS_CODE_ERROR && span.GetStatus().GetMessage() == kind
		})
	}
	for name, kind := range map[string]string{"tranship cp": "exit 3", "stat": "not_found", "tranship.v1.FileService/Stat": "not_found"} {
		if !failed(name, kind) {
			t.Errorf("no span %q failed with %q", name, kind)
		}
	}
}

// TestUntraced checks that nothing is exported for a trace that is not sampled, nor if the
// environment turns telemetry or one kind of it off.
func TestUntraced(t *testing.T) {
	source := writeSource(t, bucketTree())
	for name, environment := range map[string]map[string]string{
		"sampler":  {"OTEL_TRACES_SAMPLER": "always_off", "OTEL_METRICS_EXPORTER": "none"},
		"disabled": {"OTEL_SDK_DISABLED": "true"},
		"none":     {"OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none"},
		"endpoint": {"OTEL_EXPORTER_OTLP_ENDPOINT": ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := startCollector(t, nil)
			for key, value := range environment {
				t.Setenv(key, value)
			}
			address, stop := tracedServer(t, "--root", filepath.Join(t.TempDir(), "root"))
			output(t, 0, "cp", "-r", source, address+"/tree")
			if log := stop(); strings.Contains(log, "trace_id") {
				t.Errorf("the log has a trace: %s", log)
			}
			if spans := c.received().spans; len(spans)+len(c.metrics.names) > 0 {
				t.Errorf("the collector has %d spans and %d metrics", len(spans), len(c.metrics.names))
			}
		})
	}
}

// TestUnsampledClient checks that the server makes no spans for a client whose trace is not
// sampled.
func TestUnsampledClient(t *testing.T) {
	c := startCollector(t, nil)
	address, stop := tracedServer(t, "--root", filepath.Join(t.TempDir(), "root"))
	t.Setenv("OTEL_TRACES_SAMPLER", "always_off")
	output(t, 0, "cp", "-r", writeSource(t, bucketTree()), address+"/tree")
	stop()
	if spans := c.received().spans; len(spans) > 0 {
		t.Errorf("the collector has %d spans", len(spans))
	}
}

// TestCollectorAway checks that a collector that hangs or is not there breaks nothing, and that
// the end waits for it for a bounded time.
func TestCollectorAway(t *testing.T) {
	for name, setUp := range map[string]func(t *testing.T){
		"hangs": func(t *testing.T) {
			hangs := make(chan struct{})
			startCollector(t, hangs)
			t.Cleanup(func() { close(hangs) })
		},
		"refuses": func(t *testing.T) {
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
		},
		"malformed": func(t *testing.T) {
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
			t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "smoke")
		},
	} {
		t.Run(name, func(t *testing.T) {
			setUp(t)
			root := filepath.Join(t.TempDir(), "root")
			address, stop := tracedServer(t, "--root", root)
			files := bucketTree()
			_, printed := output(t, 0, "cp", "-r", writeSource(t, files), address+"/tree")
			if !strings.Contains(printed, "warning: ") {
				t.Errorf("there is no warning: %q", printed)
			}
			if log := stop(); !strings.Contains(log, "msg=telemetry") {
				t.Errorf("the log has no warning: %s", log)
			}
			for file, data := range files {
				sameContent(t, filepath.Join(root, "tree", file), data)
			}
		})
	}
}

// TestManyTracedFiles checks that 10,000 small files have spans by the batch, and that none of
// them is lost.
func TestManyTracedFiles(t *testing.T) {
	const number = 10_000
	c := startCollector(t, nil)
	t.Setenv("OTEL_BSP_MAX_QUEUE_SIZE", "100000") // a slow machine exports slowly
	files := make(map[string][]byte, number)
	for i := range number {
		files[fmt.Sprintf("d%d/f%d", i%100, i)] = bytes.Repeat([]byte("x"), i%100)
	}
	address, stop := tracedServer(t, "--root", filepath.Join(t.TempDir(), "root"), "--log-level", "warn", "--durability", "written")
	output(t, 0, "cp", "-r", writeSource(t, files), address+"/tree")
	stop()
	all := c.received()
	ways, ids := all.ways(t)
	if len(ids) != 1 {
		t.Errorf("there are %d traces", len(ids))
	}
	for _, way := range []string{"tranship cp > upload batch", "tranship cp > tranship.v1.FileService/Upload > upload batch"} {
		if total := all.sum(t, way, "tranship.files"); total != number {
			t.Errorf("the spans %q have %d files", way, total)
		}
		if batches, alone := ways[way], ways[way+" > upload"]; alone > batches+number/64 || batches > number/2 {
			t.Errorf("%d batches %q have %d spans of files", batches, way, alone)
		}
	}
}
