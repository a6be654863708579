// Package compat has what the servers and clients of the compatibility protocols share.
package compat

import "strings"

// RevisionKey is the metadata key with which a client and a server of FileSrv exchange
// the revision that they use.
const RevisionKey = "tranship-filesrv-revision"

// SplitExtension splits a path as Python's os.path.splitext does: the extension begins at
// the last dot of the last segment, and leading dots of a segment do not begin one.
// filename+extension is the path.
func SplitExtension(path string) (filename, extension string) {
	segment := path[strings.LastIndexByte(path, '/')+1:]
	dot := strings.LastIndexByte(segment, '.')
	if dot < 0 || strings.Trim(segment[:dot], ".") == "" {
		return path, ""
	}
	dot += len(path) - len(segment)
	return path[:dot], path[dot:]
}
