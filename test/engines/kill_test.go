package engines

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/fakes3"
	"github.com/tranship/tranship/internal/testing/faultproxy"
	"github.com/tranship/tranship/internal/testing/filetest"
	"github.com/tranship/tranship/internal/testing/s3engine"
	"github.com/tranship/tranship/store/s3"
	"github.com/tranship/tranship/transfer"
)

// servers is how many servers a test has.
const servers = 3

// moments are requests of servers at which all of them are killed. The engine serves the request
// all the same if lost is set.
var moments = []struct {
	fakes3.Fault
	lost bool
}{
	{Fault: fakes3.Fault{Operation: "CompleteMultipartUpload"}, lost: true},
	{Fault: fakes3.Fault{Operation: "CompleteMultipartUpload"}},
	{Fault: fakes3.Fault{Operation: "UploadPart", Skip: 2}, lost: true},
	{Fault: fakes3.Fault{Operation: "UploadPart", Skip: 3}},
	{Fault: fakes3.Fault{Operation: "CreateMultipartUpload"}, lost: true},
	{Fault: fakes3.Fault{Operation: "CreateMultipartUpload"}},
	// The changes of a session: begun, with its multipart upload, committing, committed.
	{Fault: fakes3.Fault{Operation: "PutObject", Key: ownUploads}, lost: true},
	{Fault: fakes3.Fault{Operation: "PutObject", Key: ownUploads, Skip: 1}, lost: true},
	{Fault: fakes3.Fault{Operation: "PutObject", Key: ownUploads, Skip: 1}},
	{Fault: fakes3.Fault{Operation: "PutObject", Key: ownUploads, Skip: 2}, lost: true},
	{Fault: fakes3.Fault{Operation: "PutObject", Key: ownUploads, Skip: 3}, lost: true},
	{Fault: fakes3.Fault{Operation: "PutObject", Key: ownUploads, Skip: 3}},
	{Fault: fakes3.Fault{Operation: "PutObject", Key: "/.tranship/attributes/"}, lost: true},
}

// ownUploads is a part of the keys of sessions.
const ownUploads = "/.tranship/uploads/"

// TestKills kills servers at random moments, while a client uploads files through them into an
// engine of this process, and all servers at one of the moments for each file.
func TestKills(t *testing.T) {
	engine := fakes3.New(fakes3.Options{})
	k := newKills(t, engine.Start(t), "bucket")
	chosen := k.random.Perm(len(moments))
	for n := 0; k.killed < k.kills; n++ {
		moment := moments[chosen[n%len(chosen)]]
		moment.Times = 1
		if moment.Key == "" {
			moment.Key = "/up/" // servers that start make such requests, too
		}
		meet := make(chan func())
		moment.Before = func() {
			killed := make(chan struct{})
			select {
			case meet <- func() { close(killed) }:
				<-killed
			case <-t.Context().Done():
			}
		}
		if !moment.lost {
			moment.Status, moment.Code = http.StatusServiceUnavailable, "SlowDown"
		}
		engine.Inject(moment.Fault)
		k.copy(t, n, meet)
		engine.Heal()
	}
	k.report(t)
	sent := engine.Requests()["UploadPart"]
	t.Logf("the engine was sent %d parts, and the files have %d", sent, k.parts)

	// A day later nothing is left but the commits that are remembered and the state that servers
	// share.
	engine.Advance(25 * time.Hour)
	k.sweep(t)
	objects, uploads := engine.Keys("")
	remembered, _ := engine.Keys(prefix + ownUploads)
	state, _ := engine.Keys(prefix + "/.tranship/state/")
	if uploads != 0 || objects != remembered+state {
		t.Errorf("%d objects are left over, %d of them sessions and %d of the state of servers, and %d uploads", objects, remembered, state, uploads)
	}
}

// TestVersitygwKills does the same with two gateways to one directory, and kills a gateway as
// well.
func TestVersitygwKills(t *testing.T) {
	gateway := s3engine.StartVersitygw(t)
	other := gateway.Another(t)
	balancer, err := faultproxy.Listen(gateway.Address(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = balancer.Close() })
	balancer.SetServer(gateway.Address(), other.Address())
	k := newKills(t, "http://"+balancer.Address(), gateway.Bucket(t))
	for n := 0; k.killed < k.kills; n++ {
		k.copy(t, n, nil)
		if n == 0 {
			gateway.Process.Kill()
		}
	}
	k.report(t)
	k.sweep(t)
}

// kills uploads files while servers are killed.
type kills struct {
	parameters
	*fleet
	local string
	// killed counts the servers that were killed.
	killed int
	// parts counts the parts of the files, resumed how often uploads were resumed.
	parts, resumed int64
	// lost has the bytes that were sent and were not durable when servers were killed, for
	// each time.
	lost []int64
	took time.Duration
}

func newKills(t *testing.T, endpoint, bucket string) *kills {
	t.Helper()
	return &kills{parameters: parametersOf(t), fleet: newFleet(t, endpoint, bucket, servers), local: t.TempDir()}
}

// copy uploads one file, with kills while any remain. It kills all servers as well before it
// calls a function of meet.
func (k *kills) copy(t *testing.T, n int, meet <-chan func()) {
	t.Helper()
	path := fmt.Sprintf("up/%d.bin", n)
	source := filepath.Join(k.local, "source.bin")
	filetest.WriteRandom(t, source, k.size, byte(n))
	direct := k.open(t, s3.Options{})
	// Lanes are used while connections reach one server.
	transport := []client.Transport{client.TransportGRPC, client.TransportAuto}[n%2]
	client := &watched{Store: k.dial(t, transport)}

	begun := time.Now()
	passed, durable := k.proxy.Passed(faultproxy.Up), int64(0)
	ended := make(chan struct{})
	var failed error
	go func() {
		defer close(ended)
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		_, failed = transfer.Upload(ctx, client, source, path, transfer.UploadOptions{Options: transfer.Options{Patience: patience}})
	}()
	for done := false; !done; {
		waiting, stop := context.WithCancel(t.Context())
		reached := make(chan error, 1)
		if k.killed < k.kills {
			next := passed + k.next()
			go func() { reached <- k.proxy.Await(waiting, faultproxy.Up, next) }()
		}
		victims := k.victims()
		met := func() {}
		select {
		case <-reached:
		case met = <-meet:
			victims = []int{0, 1, 2}
		case <-ended:
			done = true
		}
		stop()
		if done {
			break
		}
		k.kill(victims...)
		met()
		k.killed += len(victims)
		now, kept := k.proxy.Passed(faultproxy.Up), k.durable(t, direct, path)
		k.lost = append(k.lost, max(now-passed-(kept-durable), 0))
		passed, durable = now, kept
		k.restart(t)
	}
	k.took += time.Since(begun)
	if failed != nil {
		t.Fatalf("%s, after %d kills: %v", path, k.killed, failed)
	}
	times, losses := client.next()
	for _, loss := range losses {
		t.Error(loss)
	}
	k.resumed += int64(times - 1)
	k.parts += (k.size + partBytes - 1) / partBytes
	same(t, direct, path, source)
	if err := direct.Remove(t.Context(), path, tranship.Precondition{}); err != nil {
		t.Fatal(err)
	}
}

// victims returns the servers to kill: one, two or all.
func (k *kills) victims() []int {
	count := []int{1, 1, 2, servers}[k.random.IntN(4)]
	return k.random.Perm(servers)[:count]
}

// durable returns how many bytes of a file the engine has. It fails if a part of the file is
// visible.
func (k *kills) durable(t *testing.T, direct *s3.Store, path string) int64 {
	t.Helper()
	for upload, err := range direct.ListUploads(t.Context(), path) {
		if err != nil {
			t.Fatal(err)
		}
		if _, err := direct.Stat(t.Context(), path); err != nil && !errors.Is(err, tranship.ErrNotFound) {
			t.Fatal(err)
		} else if err == nil {
			break // it is complete, or else the end of the test notices
		}
		return upload.DurableBytes
	}
	file, err := direct.Stat(t.Context(), path)
	if errors.Is(err, tranship.ErrNotFound) {
		return 0
	}
	if err != nil || file.Size != k.size {
		t.Fatalf("%s is visible with %d bytes of %d: %v", path, file.Size, k.size, err)
	}
	return k.size
}

// report logs what the kills have cost, and fails if one has cost more than servers may have
// had in memory.
func (k *kills) report(t *testing.T) {
	t.Helper()
	var all, worst int64
	for _, lost := range k.lost {
		all, worst = all+lost, max(worst, lost)
	}
	const mebibyte = 1 << 20
	t.Logf("%d servers killed in %v; %d uploads resumed; sent again for a kill: mean %.1f MiB, worst %.1f MiB",
		k.killed, k.took.Round(time.Millisecond), k.resumed, float64(all)/mebibyte/float64(max(len(k.lost), 1)), float64(worst)/mebibyte)
	if most := int64(servers * (memory + partBytes)); worst > most {
		t.Errorf("a kill cost %d bytes, more than the %d that servers have memory for", worst, most)
	}
}

// sweep sweeps as a server does after all uploads have expired, and fails if unfinished uploads
// remain.
func (k *kills) sweep(t *testing.T) {
	t.Helper()
	store := k.open(t, s3.Options{UploadExpiry: 1})
	if err := store.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	for upload, err := range k.open(t, s3.Options{}).ListUploads(t.Context(), "") {
		t.Errorf("an upload remains: %+v, %v", upload, err)
	}
}
