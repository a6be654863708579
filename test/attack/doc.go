// Package attack has only tests: of what happens when somebody means harm. They build
// the real program, run it as a server, and attack it over real connections, with
// clients that send what no client of ours would. Each asserts that nothing leaked and
// nothing changed: every byte that a server sends is searched for a secret that it must
// not tell, and the directory it serves, and what is beside it, is compared with what
// it was. Afterwards the server must still serve, and stop in good order. It is for
// Linux, where attackers have a loopback address of their own.
package attack
