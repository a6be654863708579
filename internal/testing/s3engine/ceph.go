package s3engine

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"text/template"

	"github.com/tranship/tranship/internal/testing/program"
)

// Ceph is a running cluster with one monitor, several storage daemons and a gateway. Each
// object is stored by two daemons, and can be written while one of them runs.
type Ceph struct {
	Engine

	directory, config string
	// daemons are the storage daemons, by their number.
	daemons []*program.Process
}

// cephCopies is how many storage daemons have each object.
const cephCopies = 2

// cephConfig is the configuration of all processes of a cluster.
var cephConfig = template.Must(template.New("ceph.conf").Parse(`[global]
fsid = {{.ID}}
mon initial members = a
mon host = [v1:{{.Monitor}}]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
ms bind msgr2 = false
osd pool default size = {{.Copies}}
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd pool default pg autoscale mode = off
mon max pg per osd = 2000
mon data avail crit = 1
mon osd min down reporters = 1
osd crush chooseleaf type = 0
osd class update on start = false
osd heartbeat interval = 1
osd heartbeat grace = 5
osd objectstore = bluestore
bluestore block size = 6442450944
osd memory target = 939524096
run dir = {{.Directory}}/run
admin socket = {{.Directory}}/run/$name.$pid.asok
log file = {{.Directory}}/log/$name.log
crash dir = {{.Directory}}/run
[mon.a]
mon data = {{.Directory}}/mon
[osd]
osd data = {{.Directory}}/osd$id
[client.rgw]
rgw data = {{.Directory}}/rgw
rgw frontends = beast endpoint={{.Gateway}}
rgw enable usage log = false
rgw dns name = 127.0.0.1
rgw override bucket index max shards = 1
`))

// StartCeph starts a cluster with so many storage daemons, 2 or more. It runs until the test
// ends, and takes about half a minute to start.
func StartCeph(t testing.TB, daemons int) *Ceph {
	t.Helper()
	need(t, CephName, "ceph", "ceph-mon", "ceph-osd", "monmaptool", "radosgw", "radosgw-admin")
	c := &Ceph{directory: t.TempDir()}
	for _, name := range []string{"mon", "run", "log", "rgw"} {
		if err := os.Mkdir(filepath.Join(c.directory, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	id, monitor, gateway := newID(t), freeAddress(t), freeAddress(t)
	var text bytes.Buffer
	c.config = filepath.Join(c.directory, "ceph.conf")
	if err := cephConfig.Execute(&text, map[string]any{"ID": id, "Monitor": monitor, "Gateway": gateway, "Directory": c.directory, "Copies": cephCopies}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(c.config, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	known := filepath.Join(c.directory, "monmap")
	c.run(t, "monmaptool", "--create", "--fsid", id, "--addv", "a", "[v1:"+monitor+"]", known)
	c.run(t, "ceph-mon", "--mkfs", "-i", "a", "--monmap", known)
	monitoring := c.start(t, "ceph-mon", "-i", "a", "-f")
	for n := range daemons {
		c.makeDaemon(t, n)
	}
	for n := range daemons {
		c.daemons = append(c.daemons, nil)
		c.StartDaemon(t, n)
	}
	poll(t, monitoring, func() bool { return c.up(t) == daemons })
	c.run(t, "radosgw-admin", "user", "create", "--uid", "test", "--display-name", "test", "--access-key", AccessKeyID, "--secret", SecretAccessKey)
	c.Endpoint = "http://" + gateway
	await(t, c.start(t, "radosgw", "-n", "client.rgw", "-f"), c.Endpoint)
	return c
}

// makeDaemon makes the disk of storage daemon n.
func (c *Ceph) makeDaemon(t testing.TB, n int) {
	t.Helper()
	if err := os.Mkdir(filepath.Join(c.directory, fmt.Sprint("osd", n)), 0o755); err != nil {
		t.Fatal(err)
	}
	id := newID(t)
	if got := strings.TrimSpace(c.run(t, "ceph", "osd", "new", id)); got != strconv.Itoa(n) {
		t.Fatalf("storage daemon %d has the number %q", n, got)
	}
	c.run(t, "ceph-osd", "-i", strconv.Itoa(n), "--mkfs", "--osd-uuid", id)
}

// newID returns a random UUID, which the kernel makes.
func newID(t testing.TB) string {
	t.Helper()
	id, err := os.ReadFile("/proc/sys/kernel/random/uuid")
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(id))
}

// StartDaemon starts storage daemon n, which must not run.
func (c *Ceph) StartDaemon(t testing.TB, n int) {
	t.Helper()
	c.daemons[n] = c.start(t, "ceph-osd", "-i", strconv.Itoa(n), "-f")
}

// KillDaemon kills storage daemon n, so that it cannot clean up.
func (c *Ceph) KillDaemon(n int) { c.daemons[n].Kill() }

// AwaitDaemons waits until the cluster counts so many storage daemons that run.
func (c *Ceph) AwaitDaemons(t testing.TB, n int) {
	t.Helper()
	poll(t, c.running(t), func() bool { return c.up(t) == n })
}

// running returns a storage daemon that runs.
func (c *Ceph) running(t testing.TB) *program.Process {
	t.Helper()
	for _, p := range c.daemons {
		if !p.Ended() {
			return p
		}
	}
	t.Fatal("no storage daemon runs")
	return nil
}

// up returns how many storage daemons the cluster counts as running.
func (c *Ceph) up(t testing.TB) int {
	t.Helper()
	// It is "3 osds: 2 up (since 5m), 3 in (since 5m); epoch: e20".
	text, _ := c.ask(t, "osd", "stat")
	_, rest, _ := strings.Cut(text, "osds: ")
	number, _, _ := strings.Cut(rest, " up")
	n, err := strconv.Atoi(number)
	if err != nil {
		return 0 // it has none yet, or has not answered
	}
	return n
}

// command returns a command of Ceph.
func (c *Ceph) command(name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(context.Background(), name, append([]string{"-c", c.config}, args...)...)
	cmd.Env = append(os.Environ(), "CEPH_CONF="+c.config)
	return cmd
}

func (c *Ceph) start(t testing.TB, name string, args ...string) *program.Process {
	t.Helper()
	return program.Start(t, c.command(name, args...))
}

// ask asks the cluster, and returns what it answers. ok is false if it does not: a monitor that
// has much to do may refuse a question, which can be asked again.
func (c *Ceph) ask(t testing.TB, question ...string) (answer string, ok bool) {
	t.Helper()
	p := c.start(t, "ceph", question...)
	code := p.Wait(t, startTime)
	return p.Out.String(), code == 0
}

// run runs a command to its end and returns what it prints.
func (c *Ceph) run(t testing.TB, name string, args ...string) string {
	t.Helper()
	p := c.start(t, name, args...)
	p.Succeeds(t, startTime)
	return p.Out.String()
}
