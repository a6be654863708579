// Package config sets the flags of a command from a file and from the environment. The flags
// are the only list of settings: each flag is a key of the file with the same name, and an
// environment variable whose name is that of the flag in capital letters, with '_' for '-',
// after a prefix. The flag wins over the variable, and the variable over the file.
//
// The file is YAML: one mapping of keys to values. A flag that may be repeated takes a list:
//
//	root: /srv/files
//	max-uploads: 100
//	trusted-proxy: [10.0.0.0/8, 192.168.0.1]
//
// The text of a value is the same in the file, in the environment and after the flag. The
// value of a variable for a flag that may be repeated is separated by commas.
package config
