package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// place is where a server runs.
type place struct {
	// host is the address that the server listens at.
	host string
	// wrapper is a command that runs the server there; nil for none.
	wrapper []string
}

// here is this machine, as it is.
var here = place{host: "127.0.0.1"}

// network has network namespaces that a bridge connects, each for one server.
type network struct {
	// host is the address of this machine on the bridge.
	host   string
	places []place
	groups []string
}

const (
	bridge = "bench-s3"
	subnet = "10.201.77."
	// period is the time within which a server has its share of a core, in microseconds.
	period = 20_000
)

// newNetwork makes n namespaces, and for each a control group with a share of a core. It needs
// root. The caller must call remove, also if newNetwork fails.
func newNetwork(ctx context.Context, n int, share float64) (*network, error) {
	w := &network{host: subnet + "1"}
	err := ip(ctx,
		"link add "+bridge+" type bridge",
		"address add "+w.host+"/24 dev "+bridge,
		"link set "+bridge+" up")
	for i := 0; i < n && err == nil; i++ {
		name := bridge + "-" + strconv.Itoa(i)
		host := subnet + strconv.Itoa(10+i)
		var group string
		if group, err = newGroup(name, share); err != nil {
			break
		}
		w.groups = append(w.groups, group)
		err = ip(ctx,
			"netns add "+name,
			"link add "+name+" type veth peer name inner netns "+name,
			"link set "+name+" master "+bridge+" up",
			"-n "+name+" address add "+host+"/24 dev inner",
			"-n "+name+" link set inner up",
			"-n "+name+" link set lo up")
		// ip hides the groups, so the process enters its group first.
		w.places = append(w.places, place{host: host, wrapper: []string{
			"sh", "-c", `echo $$ >"$0" && exec ip netns exec "$@"`, filepath.Join(group, "cgroup.procs"), name,
		}})
	}
	return w, err
}

// remove removes the namespaces and groups, whose servers must have ended.
func (w *network) remove(ctx context.Context) error {
	var all []error
	for i, group := range w.groups {
		name := bridge + "-" + strconv.Itoa(i)
		all = append(all, ip(ctx, "link delete "+name, "netns delete "+name), os.Remove(group))
	}
	return errors.Join(append(all, ip(ctx, "link delete "+bridge))...)
}

// ip runs commands of the program of that name.
func ip(ctx context.Context, commands ...string) error {
	for _, command := range commands {
		if out, err := exec.CommandContext(ctx, "ip", strings.Fields(command)...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %s: %w: %s", command, err, out)
		}
	}
	return nil
}

// newGroup makes a control group whose processes have a share of a core, and returns its
// directory.
func newGroup(name string, share float64) (string, error) {
	quota := strconv.Itoa(int(share * period))
	const first, second = "/sys/fs/cgroup/cpu", "/sys/fs/cgroup"
	if _, err := os.Stat(first); err == nil {
		group := filepath.Join(first, name)
		return group, errors.Join(os.MkdirAll(group, 0o755),
			os.WriteFile(filepath.Join(group, "cpu.cfs_period_us"), []byte(strconv.Itoa(period)), 0),
			os.WriteFile(filepath.Join(group, "cpu.cfs_quota_us"), []byte(quota), 0))
	}
	group := filepath.Join(second, name)
	return group, errors.Join(os.WriteFile(filepath.Join(second, "cgroup.subtree_control"), []byte("+cpu"), 0), os.MkdirAll(group, 0o755),
		os.WriteFile(filepath.Join(group, "cpu.max"), []byte(quota+" "+strconv.Itoa(period)), 0))
}
