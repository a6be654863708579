// Package network has tests of client, server and transfer over a network that
// misbehaves, with a store on disk and a proxy between. It has only tests.
package network
