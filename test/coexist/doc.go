// Package coexist has only a test: that a program with generated code of its own
// for the tutorial protocols links with ours, and runs beside it.
package coexist
