package main

import (
	"context"
)

// contestant is one way to copy files to and from a server.
type contestant interface {
	// name is how the reports and -only call it.
	name() string
	// about says in a few words what is run.
	about() string
	// lacks says why it cannot take part in a case; "" if it can.
	lacks(l *lab, c benchCase) string
	// serve starts a server and returns when it is ready. It stops with ctx.
	serve(ctx context.Context, s site) (*service, error)
	// copy is the command of one client. What it writes to prepare that is not
	// timed.
	copy(j job) (command, error)
}

// contestants are all, in the order of the reports.
func contestants() []contestant {
	return []contestant{
		tranship{},
		raw{},
		netHTTP{},
		generated{},
		rsync{},
		rsyncSSH{},
		scp{},
		sftp{},
		nginx{},
		python{},
		s3{},
	}
}

// site is where a server runs.
type site struct {
	*lab
	benchCase
	// root is the directory of the files it serves.
	root string
	// dir is for whatever else it needs: configuration, keys, logs.
	dir string
}

// service is a server that runs.
type service struct {
	*process
	address string // host:port
}

// job is one copy, by one client.
type job struct {
	site
	// address is the server's, or that of the link before it.
	address string
	// down is from the server.
	down bool
	// local is a file or directory here, and remote the same in the server's root:
	// a directory that exists, "/", and the last element of local.
	local, remote string
	// names are the files below local and remote, when they are directories.
	names []string
}
