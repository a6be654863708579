//go:build linux && !race

package attack

// raced: the server is built with the race detector, too.
const raced = false
