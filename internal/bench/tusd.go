package main

import (
	"context"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
)

// tusd is the reference server of the tus protocol, with a client in Go that sends a file
// in one request after the one that creates it.
type tusd struct{}

func (tusd) name() string { return "tusd" }

func (tusd) about() string {
	return "tus 1.0 over HTTP/1.1, Go's net/http to tusd; one PATCH a file, no checksums"
}

func (tusd) lacks(_ *lab, c benchCase) string {
	switch {
	case c.durable:
		return "has no such option"
	case c.workload != large:
		return "is measured with large files only"
	case tusdProgram() == "":
		return missing("tusd")
	}
	return ""
}

// tusdProgram returns the path of the server, installed or built by tools/bench-setup.sh.
func tusdProgram() string { return program("tusd", "build/tools/tusd") }

func (tusd) serve(ctx context.Context, s site) (*service, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	binary, err := filepath.Abs(tusdProgram())
	if err != nil {
		return nil, err
	}
	args := []string{
		binary, "-host", "127.0.0.1", "-port", port, "-upload-dir", s.root, "-base-path", tusBase,
		"-verbose=false", "-show-greeting=false", "-expose-metrics=false",
	}
	if s.tls {
		args = append(args, "-tls-certificate", s.keys.certificate, "-tls-key", s.keys.key)
	}
	return startListening(ctx, command{args: args, dir: s.dir}, port)
}

func (tusd) copy(j job) (command, error) {
	record := tusRecord(j)
	if err := os.MkdirAll(filepath.Dir(record), 0o755); err != nil {
		return command{}, err
	}
	c := programCopy("tus-copy", j)
	c.args = append(c.args, "-record", record)
	return c, nil
}

// stored implements keeper. The server names the file itself.
func (tusd) stored(j job) (string, error) {
	id, err := os.ReadFile(tusRecord(j))
	return filepath.Join(j.root, filepath.Base(string(id))), err
}

// remove implements keeper.
func (t tusd) remove(j job) error {
	file, err := t.stored(j)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // The upload failed.
	}
	return errors.Join(err, os.Remove(file), os.Remove(file+".info"))
}

// tusRecord returns the file in which the client keeps the URL of an upload.
func tusRecord(j job) string {
	return filepath.Join(j.dir, "uploads", url.PathEscape(j.remote))
}

// tusBase is the path of the server's uploads.
const tusBase = "/files/"
