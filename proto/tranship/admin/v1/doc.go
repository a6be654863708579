// Package adminv1 is the administration of a server, tranship.admin.v1: Go code generated from
// admin.proto, which defines and explains it.
package adminv1
