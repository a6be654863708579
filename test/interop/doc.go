// Package interop tests the tranship program against other implementations of gRPC, as
// client and as server. The programs in the directories python and node are examples for
// users.
//
// The tests need what tools/interop-setup.sh installs. Without it they are skipped, or
// fail if the environment has TRANSHIP_INTEROP=require.
package interop
