// Package coexist tests that a program with its own generated code for the tutorial
// protocols links with ours, and that both work in one program.
package coexist
