package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/tranship/tranship/access/authn"
	"github.com/tranship/tranship/internal/configfile"
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
	opened map[string]*tokenFile
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
func (s *tokenSource) bind(servers []serverPlace) error {
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
		here[canonicalAddress(server.address)] = true
	}
	for _, field := range strings.Fields(text) {
		address, token, bound := cutAddress(field)
		if !bound {
			return usagef("%s: it must have a token, or ADDRESS=TOKEN with blanks between, where ADDRESS is host:port", tokenVariable)
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
func (s *tokenSource) of(server serverPlace, warn func(string)) (func(context.Context) (string, error), error) {
	if !s.files.given() {
		text := s.variable.at(server)
		if text == "" {
			return nil, nil
		}
		token, err := tokenIn(tokenVariable, text)
		if err != nil {
			return nil, usageError{err.Error()}
		}
		return func(context.Context) (string, error) { return token, nil }, nil
	}
	name := s.files.at(server)
	if name == "" {
		return nil, nil
	}
	file := s.opened[name]
	if file == nil {
		file = newTokenFile(name)
		if s.opened == nil {
			s.opened = map[string]*tokenFile{}
		}
		s.opened[name] = file
	}
	if _, err := file.token(context.Background()); err != nil {
		return nil, usageError{err.Error()}
	}
	if exposed := file.exposure(); exposed != "" {
		warn(exposed)
	}
	return file.token, nil
}

// tokenFile is a file with a token, which is read at each call, so that a token that is
// replaced holds for what goes on. While it cannot be read, or is half written, the last
// token that it had stays. A pipe is read once. It is safe for concurrent use.
type tokenFile struct {
	name string
	file *configfile.File

	mu   sync.Mutex
	last string
	// exposed is what is unwise about the file; "" if nothing is.
	exposed string
}

func newTokenFile(name string) *tokenFile {
	return &tokenFile{
		name: "--token-file " + name,
		file: configfile.New(name, configfile.Options{Streams: true, MaxBytes: 2 * authn.MaxTokenBytes}),
	}
}

// token is the token of now. No error has the token in it.
func (f *tokenFile) token(context.Context) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	content, info, err := f.file.Read()
	if err != nil {
		err = fmt.Errorf("--token-file %w", err)
	} else {
		var token string
		if token, err = tokenIn(f.name, string(content)); err == nil {
			f.last = token
		}
	}
	switch {
	case err != nil && f.last == "":
		return "", err
	case err == nil && configfile.Writable(info):
		f.exposed = f.name + ": other users of this machine can write to it: chmod 600 it"
	case err == nil && configfile.Readable(info):
		f.exposed = f.name + ": all users of this machine can read it: chmod 600 it"
	}
	return f.last, nil
}

// exposure is what is unwise about the file; "" if nothing is.
func (f *tokenFile) exposure() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.exposed
}

// tokenIn is the token in a text, which has nothing else but space around it.
func tokenIn(name, text string) (string, error) {
	token := strings.TrimSpace(text)
	switch {
	case token == "":
		return "", errors.New(name + ": there is no token in it")
	case len(token) > authn.MaxTokenBytes:
		return "", fmt.Errorf("%s: a token must have at most %d bytes", name, authn.MaxTokenBytes)
	case !authn.IsToken(token):
		return "", errors.New(name + ": it must have the token and nothing else")
	}
	return token, nil
}
