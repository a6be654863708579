// Package filesrvv2 is revision 2 of the FileSrv protocol: Go code generated from
// filesrv_v2.proto, which explains it. Its messages are not in protobuf's global
// registry.
package filesrvv2
