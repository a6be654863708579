// Command container makes the container image of a release, without a builder of images and without
// a daemon. Each directory that it gets is staged by tools/container.sh for one system, and has the
// static binary, the licences and the list of its modules. The image of all systems is written as
// one archive of an OCI image layout. The same files and arguments give the same bytes.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "container:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := flag.NewFlagSet("container", flag.ContinueOnError)
	var described description
	flags.StringVar(&described.version, "version", "", "the version of the release")
	flags.StringVar(&described.revision, "revision", "", "the commit of the release, if it is known")
	created := flags.Int64("created", 0, "the time of the image and its files, in seconds since 1970")
	out := flags.String("out", "", "the archive to write")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if described.version == "" || *out == "" || flags.NArg() == 0 {
		return errors.New("usage: container -version VERSION -out ARCHIVE [-revision COMMIT] [-created SECONDS] DIRECTORY [DIRECTORY...]")
	}
	described.created = time.Unix(*created, 0).UTC()

	layout, err := os.MkdirTemp("", "container-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(layout)
	if err := writeLayout(layout, described, flags.Args()); err != nil {
		return err
	}
	// An interrupted run leaves no archive under the final name.
	partial, err := os.CreateTemp(filepath.Dir(*out), ".container-*")
	if err != nil {
		return err
	}
	defer os.Remove(partial.Name())
	defer partial.Close()
	if err := archive(partial, layout, described.created); err != nil {
		return fmt.Errorf("cannot write %s: %w", *out, err)
	}
	if err := partial.Chmod(0o644); err != nil {
		return err
	}
	if err := partial.Close(); err != nil {
		return fmt.Errorf("cannot write %s: %w", *out, err)
	}
	return os.Rename(partial.Name(), *out)
}
