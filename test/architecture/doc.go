// Package architecture has only tests of which package may import which, and of other
// rules about the source.
package architecture
