package main

import (
	"context"
	"path"
	"path/filepath"
)

// rsync is the client of rsync's own daemon, which does not encrypt.
type rsync struct{}

func (rsync) name() string { return "rsync" }

func (rsync) about() string {
	return "rsync -a to its daemon, whole files (-W) where they are new, --fsync where durable"
}

func (rsync) lacks(_ *lab, c benchCase) string {
	switch {
	case c.tls:
		return "its daemon has no TLS: see rsync-ssh"
	case program("rsync") == "":
		return missing("rsync")
	}
	return ""
}

const rsyncConfig = `use chroot = no
max connections = 0
uid = 0
gid = 0
pid file = {dir}/rsyncd.pid
log file = {dir}/rsyncd.log
[files]
path = {root}
read only = no
`

func (rsync) serve(ctx context.Context, s site) (*service, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	config := filepath.Join(s.dir, "rsyncd.conf")
	if err := writeConfig(config, rsyncConfig, map[string]string{"dir": s.dir, "root": s.root}); err != nil {
		return nil, err
	}
	return startListening(ctx, command{forks: true, args: []string{
		program("rsync"), "--daemon", "--no-detach", "--address=127.0.0.1", "--port=" + port, "--config=" + config,
	}}, port)
}

func (rsync) copy(j job) (command, error) {
	return rsyncCommand(j, "rsync://"+j.address+"/files/"), nil
}

// rsyncCommand returns a command that copies from or to a path below remoteRoot.
func rsyncCommand(j job, remoteRoot string, more ...string) command {
	args := append([]string{program("rsync"), "-a"}, more...)
	if j.workload != again {
		args = append(args, "-W")
	}
	if j.durable {
		args = append(args, "--fsync")
	}
	// rsync copies a directory into its destination directory.
	if j.down {
		args = append(args, remoteRoot+j.remote, filepath.Dir(j.local)+"/")
	} else {
		args = append(args, j.local, remoteRoot+path.Dir(j.remote)+"/")
	}
	return command{args: args, forks: true}
}
