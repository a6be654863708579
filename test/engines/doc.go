// Package engines runs the real program in front of S3 engines. It kills servers while clients
// upload through them, and checks that nothing is visible before it is complete, that nothing
// is lost that a server has acknowledged, that little is sent again, and that nothing is left
// over. It has only tests.
//
// go test runs a few kills with an engine in memory. The environment controls how much:
//
//	TRANSHIP_KILLS       number of kills with each engine
//	TRANSHIP_KILLS_SIZE  length of each file in bytes
//	TRANSHIP_KILLS_SEED  seed that decides when and what to kill; a run prints its own
//	TRANSHIP_S3_ENGINES  names of real engines to test with as well; see package s3engine
package engines
