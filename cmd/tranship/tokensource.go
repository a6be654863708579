package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tranship/tranship/access/authn"
)

// tokenVariable is the environment variable that has a bearer token.
const tokenVariable = "TRANSHIP_TOKEN"

// tokenSource is where the bearer token comes from that a command says who it is with:
// a file, or the environment. There is no flag for the token itself, because everybody
// on a machine can see the flags of all programs.
type tokenSource struct {
	file string
}

func (s *tokenSource) add(cmd *cobra.Command) {
	cmd.PersistentFlags().StringVar(&s.file, "token-file", "", "`file` with the bearer token to show servers; without it, the environment variable "+tokenVariable+" may have one")
}

// check reads the token once, for mistakes to be told before anything begins. warn is
// told of what is no mistake, but not wise.
func (s tokenSource) check(warn func(string)) error {
	if s.file == "" && os.Getenv(tokenVariable) == "" {
		return nil
	}
	if _, err := s.token(context.Background()); err != nil {
		return usageError{err.Error()}
	}
	if s.file == "" {
		return nil
	}
	if info, err := os.Stat(s.file); err == nil && info.Mode().Perm()&0o004 != 0 && runtime.GOOS != "windows" {
		warn(fmt.Sprintf("--token-file %s: all users of this machine can read it: chmod 600 it", s.file))
	}
	return nil
}

// of is what client.Options want; nil if there is no token.
func (s tokenSource) of() func(context.Context) (string, error) {
	if s.file == "" && os.Getenv(tokenVariable) == "" {
		return nil
	}
	return s.token
}

// token reads the file each time, so that a token that is replaced holds for what goes
// on. No error has the token in it.
func (s tokenSource) token(context.Context) (string, error) {
	if s.file == "" {
		return tokenIn(tokenVariable, os.Getenv(tokenVariable))
	}
	name := "--token-file " + s.file
	file, err := os.Open(s.file)
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, localError(err))
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, 2*authn.MaxTokenBytes))
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, localError(err))
	}
	return tokenIn(name, string(content))
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
