// Package foldfs mounts file systems for tests that find names as those of Windows and
// macOS do, and Linux's casefold: without regard to case, normalisation and characters
// that are not visible, and by DOS names. They keep names as they
// are given. It is for Linux.
package foldfs
