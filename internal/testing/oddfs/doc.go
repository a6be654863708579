// Package oddfs mounts file systems for tests that answer some calls as FAT, SMB, 9P or file
// systems of libfuse 2 do. It is for Linux.
package oddfs
