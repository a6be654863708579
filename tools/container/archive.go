package main

import (
	"archive/tar"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"
)

// pack writes files as a tar archive, all with the same time.
func pack(to io.Writer, files []file, modified time.Time) error {
	out := tar.NewWriter(to)
	for _, f := range files {
		header := &tar.Header{
			Format:   tar.FormatUSTAR,
			Typeflag: tar.TypeReg,
			Name:     f.name,
			Mode:     f.mode,
			Uid:      f.owner,
			Gid:      f.owner,
			Size:     int64(len(f.data)),
			ModTime:  modified,
		}
		if strings.HasSuffix(f.name, "/") {
			header.Typeflag = tar.TypeDir
		}
		if err := out.WriteHeader(header); err != nil {
			return err
		}
		if _, err := out.Write(f.data); err != nil {
			return err
		}
	}
	return out.Close()
}

// archive writes the files below a directory as a tar archive, in the order of their names. Nothing
// of the directory is in it except names and contents.
func archive(to io.Writer, dir string, modified time.Time) error {
	var files []file
	root := os.DirFS(dir)
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil || name == ".":
			return err
		case entry.IsDir():
			files = append(files, file{name: name + "/", mode: 0o755})
			return nil
		}
		data, err := fs.ReadFile(root, name)
		files = append(files, file{name: name, mode: 0o644, data: data})
		return err
	})
	if err != nil {
		return err
	}
	return pack(to, files, modified)
}
