// Package filesrvv1 is revision 1 of the FileSrv protocol: Go code generated from
// filesrv.proto, which explains it. Its messages are not in protobuf's global
// registry.
package filesrvv1
