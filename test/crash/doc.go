// Package crash kills the real program, server, client or both, while it moves
// files, and checks what is left: nothing visible before it is whole, nothing lost
// that was durable, little to send again, and no debris. It has only tests.
//
// go test runs a few seconds of it; make crash more. The environment says how much:
//
//	TRANSHIP_CRASH_SIZE    length of each file in bytes
//	TRANSHIP_CRASH_KILLS   number of kills in each direction
//	TRANSHIP_CRASH_RATE    bytes a second that each connection carries at most
//	TRANSHIP_CRASH_SEED    what decides when and whom; a run prints its own
//	TRANSHIP_CRASH_MEMORY  "1" measures memory, with files of up to 8 GiB
package crash
