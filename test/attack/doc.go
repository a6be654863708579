// Package attack has only tests, of hostile clients and servers. They build the real
// program, run it as a server, and attack it over real connections, with clients that
// send what no client of ours would. Each test asserts that nothing leaked and nothing
// changed: every byte that a server sends is searched for a secret that it must not
// reveal, and the served directory, and one beside it, are compared with their earlier
// state. Afterwards the server must still serve, and stop cleanly. The tests are for
// Linux, where attackers can have a separate loopback address.
package attack
