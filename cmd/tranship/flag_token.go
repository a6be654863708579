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

// tokenVariable is the environment variable that has a bearer token.
const tokenVariable = "TRANSHIP_TOKEN"

// tokenSource is where the bearer tokens come from that a command says who it is with:
// files, or the environment. There is no flag for the token itself, because all users of
// a machine can see the flags of its programs.
type tokenSource struct {
	files boundValues
	// variable has what the environment has, if there are no files.
	variable boundValues
	// opened are the files that have been read, by name: a pipe can be read only once.
	opened map[string]*bearer.File
}

func (s *tokenSource) add(cmd *cobra.Command) {
	s.files = boundValues{name: "--token-file", what: "FILE"}
	s.variable = boundValues{
		name: tokenVariable, what: "TOKEN",
		advice: "use --token-file ADDRESS=FILE for each server that is to have one, or set it to ADDRESS=TOKEN, with blanks between several",
	}
	cmd.PersistentFlags().Var(&s.files, "token-file", "`[ADDRESS=]FILE` with the bearer token to show to the server, or to the one at ADDRESS, host:port; may be repeated; without it, the environment variable "+tokenVariable+" may have one")
}

// bind says which servers a command is about.
func (s *tokenSource) bind(servers []location.Server) error {
	if s.files.given() {
		return s.files.bind(servers)
	}
	text := os.Getenv(tokenVariable)
	if !strings.Contains(text, ":") { // which no token has
		s.variable.plain = strings.TrimSpace(text)
		return s.variable.bind(servers)
	}
	// A variable may stay set for commands about other servers.
	here := map[string]bool{}
	for _, server := range servers {
		here[canonicalAddress(server.Address)] = true
	}
	for _, field := range strings.Fields(text) {
		address, token, bound := cutAddress(field)
		if !bound {
			return usage.Errorf("%s: it must have a token, or ADDRESS=TOKEN with blanks between, where ADDRESS is host:port", tokenVariable)
		}
		if here[address] {
			if s.variable.of == nil {
				s.variable.of = map[string]string{}
			}
			s.variable.of[address] = token
		}
	}
	return nil
}

// of is what client.Options want for a server; nil if there is no token for it. The token
// is read once, for mistakes to be told before anything begins. warn is told of what is no
// mistake, but not wise.
func (s *tokenSource) of(server location.Server, warn func(string)) (func(context.Context) (string, error), error) {
	if !s.files.given() {
		text := s.variable.at(server)
		if text == "" {
			return nil, nil
		}
		token, err := bearer.Parse(text)
		if err != nil {
			return nil, usage.Errorf("%s: %v", tokenVariable, err)
		}
		return func(context.Context) (string, error) { return token, nil }, nil
	}
	name := s.files.at(server)
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
		warn("--token-file " + name + ": other users of this machine can write to it: chmod 600 it")
	case bearer.ExposureReadable:
		warn("--token-file " + name + ": all users of this machine can read it: chmod 600 it")
	case bearer.ExposureNone:
	}
	return file.Token, nil
}
