// Package quiet tests transfers in which nothing moves for long, although nothing is wrong: a
// source or a reader that pauses, a store that is slow. Client, server and a proxy run in
// virtual time.
package quiet
