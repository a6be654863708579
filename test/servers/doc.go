// Package servers tests several servers over one store, behind a balancer that leads each
// connection of a client to the next server.
package servers
