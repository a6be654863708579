// Package foldfs mounts file systems for tests that find names like those of Windows and
// macOS and like Linux's casefold: they ignore case, normalisation and invisible
// characters, and know DOS names. They store names as given. It is for Linux.
package foldfs
