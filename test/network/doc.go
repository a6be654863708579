// Package network tests the client, the server and package transfer over faulty networks,
// with a store on disk and a proxy in between.
package network
