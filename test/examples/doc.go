// Package examples builds the programs of the directory examples and runs them as a user
// would. It has only tests.
package examples
