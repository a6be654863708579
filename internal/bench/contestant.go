package main

import (
	"context"
)

// contestant is one way to copy files to and from a server.
type contestant interface {
	// name is its name in the reports and for -only.
	name() string
	// about describes in a few words what is run.
	about() string
	// lacks returns why the contestant cannot take part in a case; "" if it can.
	lacks(l *lab, c benchCase) string
	// serve starts a server and returns when it is ready. It stops with ctx.
	serve(ctx context.Context, s site) (*service, error)
	// copy returns the command of one client. What copy itself does, such as writing
	// configuration, is not timed.
	copy(j job) (command, error)
}

// keeper is a contestant whose server does not store a file under the path that the client
// names.
type keeper interface {
	// stored returns the path of an uploaded file.
	stored(j job) (string, error)
	// remove removes an uploaded file.
	remove(j job) error
}

// contestants returns all contestants in the order of the reports.
func contestants() []contestant {
	return []contestant{
		tranship{},
		transhipGRPC{},
		transhipHTTP{},
		before{},
		raw{},
		netHTTP{},
		generated{},
		rsync{},
		rsyncSSH{},
		scp{},
		sftp{},
		nginx{},
		nginx{reads: true},
		tusd{},
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
	// dir is for the server's other files: configuration, keys, logs.
	dir string
}

// service is a running server.
type service struct {
	*process
	address string // host:port
}

// job is one copy, by one client.
type job struct {
	site
	// address is the address of the server, or of the emulated link in front of it.
	address string
	// down is whether the copy is from the server.
	down bool
	// local is a local file or directory. remote is the corresponding path below the
	// server's root: an existing directory, "/", and the last element of local.
	local, remote string
	// names are the files below local and remote, if those are directories.
	names []string
}
