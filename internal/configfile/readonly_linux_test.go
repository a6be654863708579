package configfile_test

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// TestReadOnlyMount mounts a directory as Kubernetes mounts a ConfigMap: read-only, from
// a directory of mode 0777 without the sticky bit.
func TestReadOnlyMount(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can mount")
	}
	l := newLab(t)
	l.mkdir("map", 0o777)
	l.write("map/policy", 0o644)
	l.mkdir("mounted", 0o755)
	mounted := filepath.Join(l.dir, "mounted")
	if err := unix.Mount(filepath.Join(l.dir, "map"), mounted, "", unix.MS_BIND, ""); err != nil {
		t.Skipf("cannot mount: %v", err)
	}
	defer func() { l.must(unix.Unmount(mounted, 0)) }()
	l.expect("mounted/policy", "can replace it")
	if err := unix.Mount("", mounted, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Skipf("cannot mount read-only: %v", err)
	}
	l.expect("mounted/policy", "")
	l.expect("map/policy", "can replace it")
}
