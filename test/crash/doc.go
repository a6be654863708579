// Package crash kills the real program, server, client or both, while it moves
// files, and checks the result: nothing visible before it is complete, nothing lost
// that was durable, little to send again, and no leftovers. It has only tests.
//
// go test runs a few seconds of it, make crash more. The environment controls how much:
//
//	TRANSHIP_CRASH_SIZE    length of each file in bytes
//	TRANSHIP_CRASH_KILLS   number of kills in each direction
//	TRANSHIP_CRASH_RATE    maximum rate of each connection in bytes a second
//	TRANSHIP_CRASH_SEED    seed that decides when and what to kill; a run prints its own
//	TRANSHIP_CRASH_MEMORY  "1" measures memory, with files of up to 8 GiB
package crash
