// Package policy decides which principals may perform which actions on which paths, and has
// limits of single principals and groups. A policy is a file of rules, each of which allows
// something. Everything else is denied:
//
//	# subject     actions                 path
//	allow ann     read,write,delete,list  /
//	allow group:staff  read,list          docs
//	allow *       read,write,delete,list  home/{principal}
//	allow anonymous  read,list            pub
//	allow group:partners  create          inbox
//	allow group:operators admin           /
//	limit group:partners  quota-bytes     10GiB
//	expire logs/audit never
//	expire logs after 30d
//	uploads inbox expire after 2d
//
// A line is empty, a comment from '#' to its end, or a rule, a limit or an expiry, whose words are
// separated by spaces or tabs. A word with spaces, tabs, quotes or a '#' in it must be
// quoted as a Go string. The file is UTF-8, and its last line must end in a newline, so
// that a file that is read while another program writes it never allows more than the
// complete file.
//
//	rule    = "allow" subject actions path [ comment ]
//	subject = "anonymous"      the anonymous principal
//	        | "*"              every other principal
//	        | "group:" NAME    every principal whose credentials have the group
//	        | NAME             the principal of that name
//	actions = action { "," action }
//	action  = "read" | "write" | "delete" | "list" | "create" | "admin" | "share"
//	path    = "/"              everything
//	        | PATH [ "/" ]     a file, or a directory with all below it
//
// Write includes create. With create alone a caller can add files, but not replace, read or
// list any: a drop box.
//
// Admin is the right to administer the server: to see and end the transfers and unfinished
// uploads of all principals. It includes no other action, no other action includes it, and no
// caller has it without a rule. The path of its rule must be /, and its subject not anonymous.
//
//	limit   = "limit" subject name value [ comment ]
//	name    = "bandwidth-per-principal"    bytes of payload a second
//	        | "max-streams-per-principal"  calls under way
//	        | "max-calls-per-second"
//	        | "max-file-size"              bytes of a file
//	        | "quota-bytes" | "quota-files"
//	        | "max-uploads"                unfinished uploads
//	value   = a number, or a size such as 10GiB, from 1 on, or "unlimited"
//
// A limit replaces that of the server for its subject. A limit of a name comes before those of
// groups, and those before the limit of *. Of several groups the highest applies. Anonymous
// callers have the limits of max-file-size, quota-bytes, quota-files and max-uploads together;
// all other limits they have by their addresses. A file that is read while another program
// writes it may lack the limits at its end, so that they belong at its beginning.
//
//	expiry  = "expire" path age [ comment ]             files
//	        | "uploads" path "expire" age [ comment ]   unfinished uploads
//	age     = "after" HOURS "h" | "after" DAYS "d" | "never"
//
// An expiry makes the server remove the files at and below a path that have not changed for so
// long, or the unfinished uploads that have not been written to. Whose they are does not matter.
// Of several expiries that match a path the one with the longest path applies, and it must come
// first: a file that is read while another program writes it may lack the lines at its end, and
// must not remove more for that. An expiry has no {principal} in its path.
//
// The action share lets a principal make links, with which others do what the principal may do
// with a path and all below it: read it, or create files there. It includes no other action. The
// principal needs it for as long as a link is used, and so the right to what the link is for.
//
// A path is a path of the store, without a leading '/', and matches itself and everything
// below it: docs matches docs and docs/a, but not docs2. The segment {principal} stands
// for the caller's name. If the name cannot be a segment, because it is a/b or .. or
// empty, for example, the rule matches nothing.
//
// Names and paths are compared bytewise: they differ if they differ in letter case or in
// the encoding of an accent. On a file system that does not distinguish
// them, a store has a file only at the path under which it is listed.
package policy
