package engines

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/faultproxy"
	"github.com/tranship/tranship/internal/testing/filetest"
	"github.com/tranship/tranship/internal/testing/s3engine"
	"github.com/tranship/tranship/store/s3"
	"github.com/tranship/tranship/transfer"
)

// TestCephOSDKill kills each storage daemon of a cluster in turn while a client uploads a file
// through servers. The upload goes on without the daemon, which comes back before the end, and
// the file has the bytes of its source.
func TestCephOSDKill(t *testing.T) {
	const daemons = 3
	cluster := s3engine.StartCeph(t, daemons)
	k := newKills(t, cluster.Endpoint, cluster.Bucket(t))
	k.size = max(k.size, 8*memory) // enough for parts before, without and after a daemon
	direct := k.open(t, s3.Options{})
	for n := range daemons {
		cluster.AwaitCopies(t)
		path, source := fmt.Sprintf("up/%d.bin", n), filepath.Join(k.local, "source.bin")
		filetest.WriteRandom(t, source, k.size, byte(n))
		watched := &watched{Store: k.dial(t, []client.Transport{client.TransportGRPC, client.TransportAuto}[n%2])}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		begun, passed := time.Now(), k.proxy.Passed(faultproxy.Up)
		ended := make(chan error, 1)
		go func() {
			_, err := transfer.Upload(ctx, watched, source, path, transfer.UploadOptions{Options: transfer.Options{Patience: patience}})
			cancel() // nothing waits for bytes any more
			ended <- err
		}()
		passes := func(bytes int64) {
			t.Helper()
			if err := k.proxy.Await(ctx, faultproxy.Up, bytes); err != nil {
				t.Fatalf("the upload has ended before %d bytes passed: %v, %v", bytes, err, <-ended)
			}
		}
		// beyond waits until more bytes are durable than there were.
		next := passed
		beyond := func(before int64) (durable int64) {
			t.Helper()
			for durable <= before {
				next += partBytes
				passes(next)
				durable = k.durable(t, direct, path)
			}
			return durable
		}
		before := beyond(0)
		cluster.KillDaemon(n)
		killed := time.Now()
		cluster.AwaitDaemons(t, daemons-1)
		noticed := time.Since(killed)
		without := beyond(k.durable(t, direct, path))
		cluster.StartDaemon(t, n)
		if err := <-ended; err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		took := time.Since(begun)
		cluster.AwaitDaemons(t, daemons)
		same(t, direct, path, source)
		times, losses := watched.next()
		for _, loss := range losses {
			t.Error(loss)
		}
		t.Logf("%s: daemon %d was killed with %.1f MiB durable, and missed after %v; %.1f MiB when it came back; done after %v, resumed %d times, sent %.2f times its length",
			path, n, float64(before)/(1<<20), noticed.Round(time.Millisecond), float64(without)/(1<<20), took.Round(time.Millisecond), times-1,
			float64(k.proxy.Passed(faultproxy.Up)-passed)/float64(k.size))
		if err := direct.Remove(t.Context(), path, tranship.Precondition{}); err != nil {
			t.Fatal(err)
		}
	}
	k.sweep(t)
}
