package transfer

import "io/fs"

// ownerOf is false: package os does not tell a file's user.
func ownerOf(fs.FileInfo) (user int, links uint64, ok bool) { return 0, 0, false }

func effectiveUser() int { return 0 }
