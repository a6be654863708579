// Package codepages makes a program smaller in memory that has started. Starting touches much of a program once:
// each package initializes itself, and each page that is touched brings its neighbours. The system keeps
// them for as long as the process runs, unless it is short of memory.
package codepages

// Release gives back to the system the pages of code and constants of this program. The system maps those
// again that are still needed, mostly from its cache of files: that costs about a millisecond of processor time in
// all. Release leaves a part of the program that was changed in memory as it is, such as one with a breakpoint of a
// debugger. It does nothing on systems other than Linux. It is safe for concurrent use.
func Release() error { return release() }
