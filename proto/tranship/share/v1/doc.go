// Package sharev1 is the sharing links of a server, tranship.share.v1: Go code generated from
// share.proto, which defines and explains it.
package sharev1
