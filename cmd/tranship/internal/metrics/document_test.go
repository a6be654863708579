package metrics_test

import (
	"context"
	"os"
	"regexp"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/cmd/tranship/internal/metrics"
	"github.com/tranship/tranship/cmd/tranship/internal/scrub"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/disk"
	"github.com/tranship/tranship/store/hook"
)

// TestDocument checks that the page for operators has all metrics, and no others.
func TestDocument(t *testing.T) {
	text, err := os.ReadFile("../../../../docs/operate/monitoring.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{}
	for _, name := range regexp.MustCompile("`(tranship_[a-z_]+[a-z])`").FindAllStringSubmatch(string(text), -1) {
		documented[name[1]] = false
	}
	m := metrics.New("v1")
	m.Watch(metrics.Source{
		Stats:          func() server.Stats { return server.Stats{} },
		Health:         func(context.Context) []server.PartHealth { return []server.PartHealth{{Name: "store"}} },
		LostAttributes: func() bool { return false }, Verify: func() scrub.Stats { return scrub.Stats{} },
		Space: func() (disk.Space, error) { return disk.Space{}, nil },
		Hooks: func() []hook.Stats { return []hook.Stats{{Name: "scan"}} },
	})
	m.Observe([]tranship.Event{
		{Kind: tranship.EventCallEnded, Method: upload, Transport: tranship.TransportGRPC, Err: &tranship.LimitError{Limit: tranship.LimitMemory}},
	})
	name := regexp.MustCompile(`^(tranship_[a-z_]+?)(_bucket|_sum|_count)?(\{|$)`)
	for series := range scrape(t, m) {
		found := name.FindStringSubmatch(series)
		if found == nil {
			continue
		}
		if _, ok := documented[found[1]]; !ok {
			t.Errorf("the page does not have %s", found[1])
		}
		documented[found[1]] = true
	}
	for name, exists := range documented {
		if !exists {
			t.Errorf("the page has %s, which does not exist", name)
		}
	}
}
