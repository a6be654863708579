package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path"
	"path/filepath"
	"strings"
)

// secureShell runs a private sshd for the contestants that copy over ssh.
type secureShell struct{}

func (secureShell) lacks(_ *lab, c benchCase) string {
	switch {
	case !c.tls:
		return "it always encrypts: see the cases with TLS"
	case sshd() == "":
		return missing("sshd")
	}
	return ""
}

// sshd returns the path of sshd, even if its directory is not in PATH.
func sshd() string { return program("sshd", "/usr/sbin/sshd") }

const sshdConfig = `ListenAddress 127.0.0.1
Port {port}
HostKey {dir}/host
AuthorizedKeysFile {dir}/client.pub
PidFile {dir}/sshd.pid
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
UseDNS no
PermitRootLogin prohibit-password
MaxStartups 1000
MaxSessions 1000
LogLevel ERROR
Subsystem sftp internal-sftp
`

const sshConfig = `Host *
Port {port}
IdentityFile {dir}/client
IdentitiesOnly yes
StrictHostKeyChecking no
UserKnownHostsFile {dir}/known_hosts
LogLevel ERROR
BatchMode yes
`

func (secureShell) serve(ctx context.Context, s site) (*service, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	for _, key := range []string{"host", "client"} {
		generate := exec.CommandContext(ctx, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(s.dir, key))
		if output, err := generate.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("ssh-keygen: %w: %s", err, output)
		}
	}
	// sshd drops privileges in this directory, which its package creates at boot.
	if os.Getuid() == 0 {
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			return nil, err
		}
	}
	config := filepath.Join(s.dir, "sshd_config")
	words := map[string]string{"dir": s.dir, "port": port}
	if err := writeConfig(config, sshdConfig, words); err != nil {
		return nil, err
	}
	if err := writeConfig(filepath.Join(s.dir, "ssh_config"), sshConfig, words); err != nil {
		return nil, err
	}
	return startListening(ctx, command{forks: true, args: []string{sshd(), "-D", "-e", "-f", config}}, port)
}

// secureHost returns the name with which clients address the server.
func secureHost(j job) (string, error) {
	me, err := user.Current()
	if err != nil {
		return "", err
	}
	host, _, err := net.SplitHostPort(j.address)
	return me.Username + "@" + host, err
}

func (j job) sshConfig() string { return filepath.Join(j.dir, "ssh_config") }

// scp copies with scp.
type scp struct{ secureShell }

func (scp) name() string { return "scp" }

func (scp) about() string { return "scp to sshd" }

func (s scp) lacks(l *lab, c benchCase) string {
	switch {
	case c.durable:
		return "has no such option"
	case c.workload == again:
		return "copies everything again"
	case c.workload == small && !c.tls && sshd() != "":
		// scp is a common choice for many small files, although it has no counterpart
		// without encryption.
		return ""
	}
	return s.secureShell.lacks(l, c)
}

func (scp) copy(j job) (command, error) {
	host, err := secureHost(j)
	args := []string{program("scp"), "-q", "-F", j.sshConfig()}
	if j.names != nil {
		args = append(args, "-r")
	}
	remote := host + ":" + j.root + "/"
	if j.down {
		args = append(args, remote+j.remote, filepath.Dir(j.local)+"/")
	} else {
		args = append(args, j.local, remote+path.Dir(j.remote)+"/")
	}
	return command{args: args, forks: true}, err
}

// sftp copies with sftp, which can request a sync from the server.
type sftp struct{ secureShell }

func (sftp) name() string { return "sftp" }

func (sftp) about() string { return "sftp to sshd, -f where durable" }

func (s sftp) lacks(l *lab, c benchCase) string {
	if c.workload == again {
		return "copies everything again"
	}
	return s.secureShell.lacks(l, c)
}

func (sftp) copy(j job) (command, error) {
	host, err := secureHost(j)
	verb, from, to := "put", j.local, filepath.Join(j.root, j.remote)
	if j.down {
		verb, from, to = "get", to, from
	}
	flags := ""
	if j.durable {
		flags += "f"
	}
	if j.names != nil {
		flags += "r"
		// sftp copies a directory into its destination directory.
		to = filepath.Dir(to) + "/"
	}
	if flags != "" {
		verb += " -" + flags
	}
	return command{
		args:  []string{program("sftp"), "-q", "-F", j.sshConfig(), "-b", "-", host},
		stdin: strings.Join([]string{verb, from, to}, " ") + "\n",
		forks: true,
	}, err
}

// rsyncSSH is rsync in its most common form.
type rsyncSSH struct{ secureShell }

func (rsyncSSH) name() string { return "rsync-ssh" }

func (rsyncSSH) about() string { return "rsync as above, over ssh" }

func (r rsyncSSH) lacks(l *lab, c benchCase) string {
	if program("rsync") == "" {
		return missing("rsync")
	}
	return r.secureShell.lacks(l, c)
}

func (rsyncSSH) copy(j job) (command, error) {
	host, err := secureHost(j)
	return rsyncCommand(j, host+":"+j.root+"/", "-e", "ssh -F "+j.sshConfig()), err
}
