// Package examples runs the programs of the directory examples as a user would: built, as
// processes of their own. It has only tests.
package examples
