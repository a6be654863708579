// Package transhipv1 is the native protocol, tranship.v1: Go code generated from
// file_service.proto, which defines and explains it.
package transhipv1
