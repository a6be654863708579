package metrics_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/cmd/tranship/internal/metrics"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/disk"
	"github.com/tranship/tranship/store/quota"
)

// scrape returns the samples of a scrape: each series with its value, as text.
func scrape(t *testing.T, m *metrics.Metrics) map[string]string {
	t.Helper()
	recorder := httptest.NewRecorder()
	m.Handler(slog.New(slog.DiscardHandler)).ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	if recorder.Code != http.StatusOK {
		t.Fatalf("status %d: %s", recorder.Code, recorder.Body)
	}
	samples := map[string]string{}
	for line := range strings.Lines(recorder.Body.String()) {
		if !strings.HasPrefix(line, "#") {
			at := strings.LastIndexByte(line, ' ')
			samples[line[:at]] = strings.TrimSpace(line[at:])
		}
	}
	return samples
}

// contextOf returns the context of a call.
func contextOf(principal string, port int) context.Context {
	ctx := access.NewContext(context.Background(), access.Principal{Name: principal})
	return access.NewPeerContext(ctx, &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: port})
}

const (
	upload       = "/tranship.v1.FileService/Upload"
	filesrv      = "/FileSrv/DownloadFile"
	filetransfer = "/FileTransfer.FileService/Upload"
)

// TestEvents checks what events count for.
func TestEvents(t *testing.T) {
	m := metrics.New("v1")
	ctx := contextOf("ann", 1)
	limit := fmt.Errorf("no: %w", &tranship.LimitError{Limit: tranship.LimitQuotaBytes, Err: tranship.ErrQuota})
	m.Observe([]tranship.Event{
		{Context: ctx, Kind: tranship.EventUpload, Method: upload, Transport: tranship.TransportLanes, Path: "a", Bytes: 10, Duration: 2 * time.Millisecond},
		{Context: ctx, Kind: tranship.EventUpload, Method: upload, Transport: tranship.TransportLanes, Path: "b", Bytes: 5, Duration: 20 * time.Second, Err: limit},
		{Context: ctx, Kind: tranship.EventDownload, Method: upload, Transport: tranship.TransportGRPC, Path: "a", Bytes: 4, Offset: 6},
		{Context: ctx, Kind: tranship.EventDownload, Method: filesrv, Transport: tranship.TransportGRPC, Path: "a", Bytes: 10},
		{Context: ctx, Kind: tranship.EventUpload, Method: filetransfer, Transport: tranship.TransportGRPC, Path: "a", Bytes: 1},
		{Context: ctx, Kind: tranship.EventCallBegun, Method: upload, Transport: tranship.TransportLanes},
		{Context: ctx, Kind: tranship.EventCallEnded, Method: upload, Transport: tranship.TransportLanes, Duration: time.Second},
		{Context: ctx, Kind: tranship.EventCallEnded, Method: "/none/None", Transport: tranship.TransportGRPC, Err: tranship.ErrUnsupported},
		{Context: ctx, Kind: tranship.EventConnectionRefused, Err: &tranship.LimitError{Limit: tranship.LimitConnections}},
		{Context: ctx, Kind: tranship.EventConnectionRefused, Err: errors.New("no certificate")},
		{Context: ctx, Kind: tranship.EventFileExpired, Path: "a", Bytes: 7},
		{Context: ctx, Kind: tranship.EventFileExpired, Path: "b", Bytes: 8, Err: tranship.ErrDenied},
		{Context: ctx, Kind: tranship.EventUploadExpired, Path: "b", Bytes: 9},
		{Context: ctx, Kind: 99},
	})
	samples := scrape(t, m)
	for series, want := range map[string]string{
		`tranship_transfers_total{direction="upload",protocol="tranship",transport="lanes"}`:                             "2",
		`tranship_files_total{direction="upload",protocol="tranship",transport="lanes"}`:                                 "1",
		`tranship_transfer_bytes_total{direction="upload",protocol="tranship",transport="lanes"}`:                        "15",
		`tranship_transfer_errors_total{direction="upload",kind="quota",protocol="tranship",transport="lanes"}`:          "1",
		`tranship_transfer_duration_seconds_bucket{direction="upload",protocol="tranship",transport="lanes",le="0.005"}`: "1",
		`tranship_transfer_duration_seconds_bucket{direction="upload",protocol="tranship",transport="lanes",le="60"}`:    "2",
		`tranship_transfers_total{direction="download",protocol="tranship",transport="grpc"}`:                            "1",
		`tranship_files_total{direction="download",protocol="tranship",transport="grpc"}`:                                "0",
		`tranship_files_total{direction="download",protocol="filesrv",transport="grpc"}`:                                 "1",
		`tranship_files_total{direction="upload",protocol="filetransfer",transport="grpc"}`:                              "1",
		`tranship_calls_total{kind="ok",method="/tranship.v1.FileService/Upload",transport="lanes"}`:                     "1",
		`tranship_calls_total{kind="unsupported",method="other",transport="grpc"}`:                                       "1",
		`tranship_call_duration_seconds_count{method="other"}`:                                                           "1",
		`tranship_limits_reached_total{limit="quota-bytes"}`:                                                             "1",
		`tranship_limits_reached_total{limit="connections"}`:                                                             "1",
		`tranship_expired_total{kind="ok",what="file"}`:                                                                  "1",
		`tranship_expired_total{kind="denied",what="file"}`:                                                              "1",
		`tranship_expired_total{kind="ok",what="upload"}`:                                                                "1",
		`tranship_expired_bytes_total{what="file"}`:                                                                      "7",
		`tranship_expired_bytes_total{what="upload"}`:                                                                    "9",
		`tranship_connections_refused_total{reason="limit"}`:                                                             "1",
		`tranship_connections_refused_total{reason="handshake"}`:                                                         "1",
		`tranship_transfer_bytes_total{direction="download",protocol="filetransfer",transport="grpc"}`:                   "0",
	} {
		if got := samples[series]; got != want {
			t.Errorf("%s is %q, want %s", series, got, want)
		}
	}
	if !slices.ContainsFunc(slices.Collect(maps.Keys(samples)), func(series string) bool {
		return strings.HasPrefix(series, `tranship_build_info{`) && strings.Contains(series, `version="v1"`)
	}) {
		t.Error("there is no version")
	}
}

// TestBounded checks that the number of series does not grow with the number of principals,
// peers, paths, methods and limits.
func TestBounded(t *testing.T) {
	m := metrics.New("v1")
	observe := func(n int) {
		events := make([]tranship.Event, 0, 5*n)
		for i := range n {
			ctx, text := contextOf(fmt.Sprint("principal", i), i), fmt.Sprint("text", i)
			transport := []string{tranship.TransportGRPC, tranship.TransportLanes, text}[i%3]
			events = append(events,
				tranship.Event{Context: ctx, Kind: tranship.EventUpload, Method: upload, Transport: transport, Path: text, Bytes: 1, Err: errors.New(text)},
				tranship.Event{Context: ctx, Kind: tranship.EventDownload, Method: "/" + text, Transport: transport, Path: text, Bytes: 1},
				tranship.Event{Context: ctx, Kind: tranship.EventCallEnded, Method: "/" + text + "/Upload", Transport: transport, Err: errors.New(text)},
				tranship.Event{Context: ctx, Kind: tranship.EventCallEnded, Method: upload, Transport: transport},
				tranship.Event{Context: ctx, Kind: tranship.EventConnectionRefused, Err: &tranship.LimitError{Limit: tranship.Limit(text), For: text}})
		}
		m.Observe(events)
	}
	observe(100)
	first := scrape(t, m)
	observe(10_000)
	later := scrape(t, m)
	for series := range later {
		if _, found := first[series]; !found && !strings.HasPrefix(series, "go_") && !strings.HasPrefix(series, "process_") {
			t.Errorf("%s has been added", series)
		}
		if strings.Contains(series, "principal") && !strings.HasPrefix(series, "tranship_quota_principals") {
			t.Errorf("%s names a principal", series)
		}
	}
	if len(later) > 500 {
		t.Errorf("there are %d series", len(later))
	}
}

// TestGauges checks that a scrape shows what the server has at the moment.
func TestGauges(t *testing.T) {
	m := metrics.New("v1")
	stats := server.Stats{
		Connections: 3, Lanes: 2, Calls: 4, Streams: 5, MaxStreams: 6, Uploads: 7, UploadBytes: 8,
		Quota: quota.Totals{Usage: quota.Usage{Bytes: 9, Files: 10, ReservedBytes: 11, Uploads: 12}, Principals: 13, FullestBytes: .5, FullestUploads: .25},
	}
	lost := errors.New("lost")
	var storeErr error
	space, spaceErr := disk.Space{FreeBytes: 14, ReservedBytes: 15, MinFreeBytes: 16}, error(nil)
	m.Watch(metrics.Source{
		Stats: func() server.Stats { return stats },
		Health: func(context.Context) []server.PartHealth {
			return []server.PartHealth{{Name: "store", Err: storeErr}, {Name: "server", Err: lost}, {Name: "server"}, {Name: "audit log"}}
		},
		Space:       func() (disk.Space, error) { return space, spaceErr },
		MemoryLimit: 17,
	})
	samples := scrape(t, m)
	for series, want := range map[string]string{
		"tranship_connections": "3", "tranship_lanes": "2", "tranship_calls": "4", "tranship_streams": "5", "tranship_streams_max": "6",
		"tranship_uploads": "7", "tranship_upload_received_bytes": "8", "tranship_unfinished_uploads": "12",
		"tranship_quota_used_bytes": "9", "tranship_quota_used_files": "10", "tranship_quota_reserved_bytes": "11", "tranship_quota_principals": "13",
		`tranship_quota_fullest_ratio{quota="bytes"}`: "0.5", `tranship_quota_fullest_ratio{quota="files"}`: "0", `tranship_quota_fullest_ratio{quota="uploads"}`: "0.25",
		"tranship_draining": "0", "tranship_memory_limit_bytes": "17",
		`tranship_healthy{part="store"}`: "1", `tranship_healthy{part="server"}`: "0", `tranship_healthy{part="audit log"}`: "1",
		"tranship_store_free_bytes": "14", "tranship_store_reserved_bytes": "15", "tranship_store_min_free_bytes": "16",
	} {
		if got := samples[series]; got != want {
			t.Errorf("%s is %q, want %s", series, got, want)
		}
	}
	for name, change := range map[string]func(){
		"a lost store":          func() { storeErr = lost },
		"no answer about space": func() { storeErr, spaceErr = nil, lost },
		"an unknown amount":     func() { spaceErr, space.FreeBytes = nil, -1 },
	} {
		change()
		if got, found := scrape(t, m)["tranship_store_free_bytes"]; found {
			t.Errorf("%s: %s bytes are free", name, got)
		}
	}
	stats.Draining = true
	if got := scrape(t, m)["tranship_draining"]; got != "1" {
		t.Errorf("while the server drains: %s", got)
	}
}
