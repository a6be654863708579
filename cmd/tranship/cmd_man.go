//go:build man

package main

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// addDocumentation adds the command that writes the man pages and completions of a
// release. It exists only with the build tag man, so that the published program does not
// include the libraries that write them.
func addDocumentation(root *cobra.Command) {
	root.AddCommand(&cobra.Command{
		Use:    "man FILE",
		Short:  "Write man pages and completions into an archive (.tar.gz)",
		Hidden: true,
		Args:   arguments(1, 1, "tranship man FILE"),
		RunE:   func(_ *cobra.Command, args []string) error { return writeDocumentation(root, args[0]) },
	})
}

func writeDocumentation(root *cobra.Command, archive string) (err error) {
	work, err := os.MkdirTemp("", "tranship-man-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	pages, completions := filepath.Join(work, "man1"), filepath.Join(work, "completions")
	// The library takes the date of the pages from SOURCE_DATE_EPOCH.
	root.DisableAutoGenTag = true
	header := &doc.GenManHeader{Section: "1", Source: "tranship " + softwareVersion(), Manual: "Tranship"}
	err = errors.Join(os.Mkdir(pages, 0o755), os.Mkdir(completions, 0o755))
	if err == nil {
		err = errors.Join(
			doc.GenManTree(root, header, pages),
			root.GenBashCompletionFileV2(filepath.Join(completions, "tranship.bash"), true),
			root.GenZshCompletionFile(filepath.Join(completions, "_tranship")),
			root.GenFishCompletionFile(filepath.Join(completions, "tranship.fish"), true),
			root.GenPowerShellCompletionFileWithDesc(filepath.Join(completions, "tranship.ps1")),
		)
	}
	if err != nil {
		return err
	}
	return pack(work, archive)
}

// pack writes the files below dir into an archive, sorted by name, without times and
// owners, so that the same files give the same bytes.
func pack(dir, archive string) (err error) {
	file, err := os.Create(archive)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	compressed := gzip.NewWriter(file)
	packed := tar.NewWriter(compressed)
	err = fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		if err := packed.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content)), Format: tar.FormatUSTAR}); err != nil {
			return err
		}
		_, err = packed.Write(content)
		return err
	})
	return errors.Join(err, packed.Close(), compressed.Close())
}
