package main

import (
	"errors"
	"fmt"

	"github.com/tranship/tranship/server"
)

// configFlags has the flags of serve that set the fields of server.Config which New may
// refuse. Other fields are not the user's to get wrong.
func configFlags() map[string]string {
	return map[string]string{
		"Quota":                          "--quota-bytes, --quota-files",
		"MemoryLimit":                    "--memory-limit",
		"ListPage":                       "--list-page-size",
		"MaxMessageBytes":                "--max-message-size",
		"Anonymous":                      "--anonymous",
		"Protocols.Filesrv.Revision":     "--filesrv-revision",
		"Protocols.Filesrv.UploadSuffix": "--filesrv-upload-suffix",
	}
}

// inServeFlags is an error of server.New in terms of flags.
func inServeFlags(err error) error {
	wrong, ok := errors.AsType[*server.ConfigError](err)
	if !ok || configFlags()[wrong.Field] == "" {
		return err
	}
	return fmt.Errorf("%s: %w", configFlags()[wrong.Field], wrong.Err)
}
