package main

import (
	"context"
	"errors"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tranship/tranship/access/bearer"
	"github.com/tranship/tranship/cmd/tranship/internal/location"
	"github.com/tranship/tranship/cmd/tranship/internal/usage"
)

// tokenVariable is the environment variable with a bearer token, for commands without
// --token-file.
const tokenVariable = "TRANSHIP_TOKEN"

// tokenSource is where a command reads its bearer tokens from: files, or the environment.
// A flag for the token itself does not exist, because all users of a machine can see the
// command lines of its programs.
type tokenSource struct {
	files boundValues
	// variable has the tokens of tokenVariable, if no file was given.
	variable boundValues
	// opened has the token files by name, so that each is opened once: a pipe can be read
	// only once.
	opened map[string]*bearer.File
}

func (s *tokenSource) add(cmd *cobra.Command) {
	s.files = boundValues{name: "--token-file", what: "FILE"}
	s.variable = boundValues{
		name: tokenVariable, what: "TOKEN",
		advice: "pass --token-file ADDRESS=FILE for each server that needs one, or set it to ADDRESS=TOKEN, separated by blanks if there are several",
	}
	cmd.PersistentFlags().Var(&s.files, "token-file", "`[ADDRESS=]FILE` with the bearer token for the server, or for the one at ADDRESS, host:port; may be repeated; the default is the token in the environment variable "+tokenVariable)
}

// bind sets the servers of the command.
func (s *tokenSource) bind(servers []location.Server) error {
	if s.files.given() {
		return s.files.bind(servers)
	}
	text := os.Getenv(tokenVariable)
	if !strings.Contains(text, ":") { // no token has a colon
		s.variable.unaddressed = strings.TrimSpace(text)
		return s.variable.bind(servers)
	}
	// The variable may also have tokens for the servers of other commands.
	here := map[string]bool{}
	for _, server := range servers {
		here[canonicalAddress(server.Address)] = true
	}
	for _, field := range strings.Fields(text) {
		address, token, bound := cutAddress(field)
		if !bound {
			return usage.Errorf("%s: it must be a token, or ADDRESS=TOKEN separated by blanks, where ADDRESS is host:port", tokenVariable)
		}
		if here[address] {
			if s.variable.byAddress == nil {
				s.variable.byAddress = map[string]string{}
			}
			s.variable.byAddress[address] = token
		}
	}
	return nil
}

// of returns client.Options.Token for a server; nil if no token is bound to it. It reads the
// token once, so that an error is reported before the command connects. It calls warn for a
// token file that other users can read or change.
func (s *tokenSource) of(server location.Server, warn func(string)) (func(context.Context) (string, error), error) {
	if !s.files.given() {
		text := s.variable.valueFor(server)
		if text == "" {
			return nil, nil
		}
		token, err := bearer.Parse(text)
		if err != nil {
			return nil, usage.Errorf("%s: %v", tokenVariable, err)
		}
		return func(context.Context) (string, error) { return token, nil }, nil
	}
	name := s.files.valueFor(server)
	if name == "" {
		return nil, nil
	}
	file := s.opened[name]
	if file == nil {
		file = bearer.NewFile(name)
		if s.opened == nil {
			s.opened = map[string]*bearer.File{}
		}
		s.opened[name] = file
	}
	if _, err := file.Token(context.Background()); err != nil {
		if failed, ok := errors.AsType[*bearer.FileError](err); ok {
			err = failed.Err
		}
		return nil, usage.Errorf("--token-file %s: %v", name, err)
	}
	switch file.Exposure() {
	case bearer.ExposureWritable:
		warn("--token-file " + name + ": other users of this machine can write to it; run chmod 600 on it")
	case bearer.ExposureReadable:
		warn("--token-file " + name + ": all users of this machine can read it; run chmod 600 on it")
	case bearer.ExposureNone:
	}
	return file.Token, nil
}
