// Package policy decides who may do what. A policy is one file of rules, each of
// which allows something; what no rule allows is denied:
//
//	# who         what                    where
//	allow ann     read,write,delete,list  /
//	allow group:staff  read,list          docs
//	allow *       read,write,delete,list  home/{principal}
//	allow anonymous  read,list            pub
//
// A line is empty, or a comment from '#' to its end, or a rule of four words that
// are separated by blanks. A word with blanks, quotes or a '#' in it is quoted as a
// string of Go is. The file is UTF-8, and its last line ends, too: so a part of a
// file, as one reads it while another writes it, never allows more than the whole.
//
//	rule    = "allow" subject actions path [ comment ]
//	subject = "anonymous"      somebody unknown
//	        | "*"              anybody known
//	        | "group:" NAME    anybody known whose credentials have the group
//	        | NAME             the principal of that name
//	actions = action { "," action }
//	action  = "read" | "write" | "delete" | "list"
//	path    = "/"              everything
//	        | PATH [ "/" ]     a file, or a directory with all below it
//
// A path is one of the store, without a '/' before it, and matches itself and
// everything below it: docs matches docs and docs/a, not docs2. The segment
// {principal} stands for the caller's name, and only if the name can be one segment:
// for a caller whose name is a/b or .. or empty, such a rule matches nothing.
//
// What is compared is bytes: names and paths differ that differ in letter case or in
// how they write an accent. On a file system for which they do not, rules about such
// paths are not safe.
package policy
