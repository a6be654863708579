// Package interop has only tests: of the tranship program against other people's
// gRPC, in both roles. The programs beside it, in python and node, are examples to
// copy from.
//
// The tests need what tools/interop-setup.sh installs. What is missing skips them,
// or fails them if the environment has TRANSHIP_INTEROP=require.
package interop
