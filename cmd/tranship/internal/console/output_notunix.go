//go:build !unix

package console

import "io/fs"

// isClosed is true for an invalid handle, which no other file gets.
func isClosed(stream interface{ Stat() (fs.FileInfo, error) }) bool {
	_, err := stream.Stat()
	return err != nil
}
