// Package fusemount mounts file systems of tests with FUSE. It has code for Linux only.
package fusemount
