package server

// Anonymous is what clients without credentials may do.
type Anonymous int

// What clients without credentials may do.
const (
	// AnonymousNone refuses calls without credentials. It is the zero value.
	AnonymousNone Anonymous = iota
	// AnonymousRead allows them to read and list.
	AnonymousRead
	// AnonymousWrite allows them everything. All of them are one owner: each can list,
	// resume and abort the uploads of the others.
	AnonymousWrite
)
