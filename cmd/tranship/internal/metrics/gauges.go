package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tranship/tranship/cmd/tranship/internal/scrub"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/disk"
	"github.com/tranship/tranship/store/hook"
)

// Source is what the gauges show. Its functions are called for each scrape, and must be safe for
// concurrent use.
type Source struct {
	// Stats and Health are those of the server.
	Stats  func() server.Stats
	Health func(ctx context.Context) []server.PartHealth
	// Space is that of a store on disk; nil for another store.
	Space func() (disk.Space, error)
	// Hooks returns what happened with each hook.
	Hooks func() []hook.Stats
	// LostAttributes is that of a store on disk; nil for another store.
	LostAttributes func() bool
	// Verify is what the verification in the background knows; nil if there is none.
	Verify func() scrub.Stats
	// MemoryLimit is the limit of the memory of transfers, in bytes.
	MemoryLimit int64
}

// healthTime bounds how long a scrape waits for the checks of the server's health.
const healthTime = 3 * time.Second

// gauge is a gauge without labels.
type gauge struct {
	desc  *prometheus.Desc
	value func(stats server.Stats) float64
}

// gauges collects what a Source has.
type gauges struct {
	source                   Source
	stats                    []gauge
	share, healthy           *prometheus.Desc
	free, reserved, leftFree *prometheus.Desc
	memory, lost             *prometheus.Desc
	verify                   []verifyGauge
}

func newGauges(source Source) *gauges {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	return &gauges{
		source: source,
		stats: []gauge{
			{desc("tranship_connections", "Connections, lanes included."), func(s server.Stats) float64 { return float64(s.Connections) }},
			{desc("tranship_lanes", "Connections that are lanes."), func(s server.Stats) float64 { return float64(s.Lanes) }},
			{desc("tranship_calls", "Calls under way."), func(s server.Stats) float64 { return float64(s.Calls) }},
			{desc("tranship_streams", "Calls that hold memory while they carry files."), func(s server.Stats) float64 { return float64(s.Streams) }},
			{desc("tranship_streams_max", "How many such calls the memory limit allows. Further calls wait."), func(s server.Stats) float64 { return float64(s.MaxStreams) }},
			{desc("tranship_uploads", "Uploads under way, without small files that are sent whole."), func(s server.Stats) float64 { return float64(s.Uploads) }},
			{desc("tranship_upload_received_bytes", "Bytes received for the uploads under way."), func(s server.Stats) float64 { return float64(s.UploadBytes) }},
			{desc("tranship_unfinished_uploads", "Unfinished uploads in the store, those that may be resumed later included."), func(s server.Stats) float64 { return float64(s.Quota.Uploads) }},
			{desc("tranship_quota_used_bytes", "Bytes that count for all principals together; 0 without a quota of bytes or files."), func(s server.Stats) float64 { return float64(s.Quota.Bytes) }},
			{desc("tranship_quota_used_files", "Files and directories that count for all principals together; 0 without a quota of bytes or files."), func(s server.Stats) float64 { return float64(s.Quota.Files) }},
			{desc("tranship_quota_reserved_bytes", "Bytes that unfinished uploads have reserved in all quotas together."), func(s server.Stats) float64 { return float64(s.Quota.ReservedBytes) }},
			{desc("tranship_quota_principals", "Principals that something counts for."), func(s server.Stats) float64 { return float64(s.Quota.Principals) }},
			{desc("tranship_draining", "1 if the server takes no new files because it stops."), func(s server.Stats) float64 { return number(s.Draining) }},
		},
		share:    desc("tranship_quota_fullest_ratio", "The largest share of a quota that one principal has; 0 without this quota.", "quota"),
		healthy:  desc("tranship_healthy", "1 if a part of the server is healthy. Calls fail if one is not.", "part"),
		free:     desc("tranship_store_free_bytes", "Free bytes on the file system of the store."),
		reserved: desc("tranship_store_reserved_bytes", "Bytes that unfinished uploads have reserved and not yet written."),
		leftFree: desc("tranship_store_min_free_bytes", "Free bytes that uploads must leave."),
		lost:     desc("tranship_store_lost_attributes", "1 if the directory was copied without its extended attributes, and so has lost checksums, metadata and accounts."),
		verify:   newVerifyGauges(desc),
		memory:   desc("tranship_memory_limit_bytes", "How much memory transfers under way may take."),
	}
}

// Describe implements prometheus.Collector.
func (g *gauges) Describe(to chan<- *prometheus.Desc) {
	for _, gauge := range g.stats {
		to <- gauge.desc
	}
	for _, desc := range []*prometheus.Desc{g.share, g.healthy, g.free, g.reserved, g.leftFree, g.memory, g.lost} {
		to <- desc
	}
	for _, gauge := range g.verify {
		to <- gauge.desc
	}
}

// Collect implements prometheus.Collector.
func (g *gauges) Collect(to chan<- prometheus.Metric) {
	send := func(desc *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	stats := g.source.Stats()
	for _, gauge := range g.stats {
		send(gauge.desc, gauge.value(stats))
	}
	send(g.share, stats.Quota.FullestBytes, "bytes")
	send(g.share, stats.Quota.FullestFiles, "files")
	send(g.share, stats.Quota.FullestUploads, "uploads")
	send(g.memory, float64(g.source.MemoryLimit))
	if g.source.LostAttributes != nil {
		send(g.lost, number(g.source.LostAttributes()))
	}
	if g.source.Verify != nil {
		known := g.source.Verify()
		for _, gauge := range g.verify {
			send(gauge.desc, gauge.value(known))
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), healthTime)
	defer cancel()
	parts := healthOf(g.source.Health(ctx))
	for name, healthy := range parts {
		send(g.healthy, number(healthy), name)
	}
	if g.source.Space == nil || !parts["store"] {
		return // a file system that hangs must not hold the scrape up
	}
	space, err := g.source.Space()
	if err != nil {
		return
	}
	if space.FreeBytes >= 0 {
		send(g.free, float64(space.FreeBytes))
	}
	send(g.reserved, float64(space.ReservedBytes))
	send(g.leftFree, float64(space.MinFreeBytes))
}

// healthOf returns whether the parts of each name are healthy.
func healthOf(parts []server.PartHealth) map[string]bool {
	healthy := map[string]bool{}
	for _, part := range parts {
		before, found := healthy[part.Name]
		healthy[part.Name] = part.Err == nil && (before || !found)
	}
	return healthy
}

// number returns 1 for true and 0 for false.
func number(value bool) float64 {
	if value {
		return 1
	}
	return 0
}
