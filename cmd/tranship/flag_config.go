package main

import (
	"errors"
	"fmt"

	"github.com/tranship/tranship/cmd/tranship/internal/console"
	"github.com/tranship/tranship/server"
)

// serveFlagError returns an error of server.New in terms of flags.
func serveFlagError(err error) error {
	wrong, ok := errors.AsType[*server.ConfigError](err)
	if !ok {
		return err
	}
	flags := console.ServeFlags()[wrong.Field]
	if flags == "" {
		return err
	}
	return fmt.Errorf("%s: %w", flags, wrong.Err)
}
