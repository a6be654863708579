// Package hooksv1 is the generated code of the protocol between a server and the hooks of its
// operator. hooks.proto specifies it, and docs/operate/hooks.md describes it.
package hooksv1
