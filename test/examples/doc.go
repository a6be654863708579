// Package examples builds and runs the programs of the directory examples.
package examples
