package server_test

import (
	"testing"
	"time"

	"github.com/tranship/tranship/internal/testing/loopback"
	"github.com/tranship/tranship/internal/testing/storeserver"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// TestPingInterval checks that only a server that knows its grpc.Server permits pings.
func TestPingInterval(t *testing.T) {
	for name, test := range map[string]struct {
		address string
		want    time.Duration
	}{
		"Serve": {storeserver.Serve(t, &mem.Store{}, server.Config{}), 10 * time.Second},
		"Mount": {storeserver.Mount(t, &mem.Store{}, server.Config{}), 0},
	} {
		info, err := transhipv1.NewFileServiceClient(loopback.Dial(t, test.address)).GetServerInfo(testContext(t), &transhipv1.GetServerInfoRequest{})
		if err != nil {
			t.Fatal(err)
		}
		if got := info.GetMinPingInterval(); got.AsDuration() != test.want || (got == nil) != (test.want == 0) {
			t.Errorf("%s: pings every %v", name, got)
		}
		if got := info.GetMinKeepAliveInterval().AsDuration(); got != 500*time.Millisecond {
			t.Errorf("%s: signs of life every %v", name, got)
		}
	}
}
