package main

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access/token"
	"github.com/tranship/tranship/cmd/tranship/internal/console"
	"github.com/tranship/tranship/cmd/tranship/internal/usage"
	"github.com/tranship/tranship/internal/printable"
)

// defaultTokenLifetime is the default of --expires.
const defaultTokenLifetime = 90 * 24 * time.Hour

func newToken(g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Create, list and revoke the bearer tokens of a server",
		Long: `Create, list and revoke the bearer tokens that tranship serve --tokens FILE accepts.
The file has one line per token, with a hash of the token instead of the token itself.
The file can be edited by hand: deleting a line revokes its token. A running server
applies changes within a second.`,
		Args: cobra.ArbitraryArgs,
		RunE: needSubcommand("token new, token list or token revoke", "use token new, token list or token revoke"),
	}
	cmd.AddCommand(newTokenNew(g), newTokenList(g), newTokenRevoke(g))
	return cmd
}

func newTokenNew(g *globals) *cobra.Command {
	var file string
	var e token.Entry
	lifetime := tokenLifetime{defaultTokenLifetime}
	cmd := &cobra.Command{
		Use:   "new --file FILE --name NAME",
		Short: "Create a token and print it, once",
		Long: `Create a token, add its line to the file, and print the token. It is not stored
anywhere else and is not shown again. A client that has the token is NAME for the
server until the token expires or is revoked.`,
		Example: `  tranship token new --file tokens --name alice --groups ops,dev --expires 30d >alice.token
  tranship cp --token-file alice.token report.pdf grpcs://files.example.org:50051/`,
		Args: arguments(0, 0, "tranship token new --file FILE --name NAME"),
		RunE: func(*cobra.Command, []string) error {
			if e.Name == "" {
				return usage.New("--name is missing: pass the name of the principal that the token is for")
			}
			return g.newToken(file, e, lifetime)
		},
	}
	tokenFileFlag(cmd, &file)
	cmd.Flags().StringVar(&e.Name, "name", "", "`name` of the principal that the token is for")
	cmd.Flags().StringSliceVar(&e.Groups, "groups", nil, "`groups` of the principal, separated by commas")
	cmd.Flags().Var(&lifetime, "expires", "how `long` the token is valid, such as 30d or 12h, or never")
	g.jsonFlag(cmd)
	return cmd
}

func newTokenList(g *globals) *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "list --file FILE",
		Short: "List the tokens of a file",
		Long: `List the tokens of a file, one per line: id, time of creation and of expiry (UTC),
name, and groups.`,
		Args: arguments(0, 0, "tranship token list --file FILE"),
		RunE: func(*cobra.Command, []string) error { return g.listTokens(file) },
	}
	tokenFileFlag(cmd, &file)
	g.jsonFlag(cmd)
	return cmd
}

func newTokenRevoke(g *globals) *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "revoke --file FILE NAME|ID...",
		Short: "Revoke tokens",
		Long: `Revoke the token with an ID, which token list prints, or all tokens with a NAME. A
running server refuses them within a second, and ends calls that use them within ten.`,
		Args: arguments(1, -1, "tranship token revoke --file FILE NAME|ID..."),
		RunE: func(_ *cobra.Command, args []string) error {
			if file == "" {
				return errNoTokenFile
			}
			for _, arg := range args {
				if err := g.revokeTokens(file, arg); err != nil {
					g.Fail(err)
				}
			}
			return nil
		},
	}
	tokenFileFlag(cmd, &file)
	g.jsonFlag(cmd)
	return cmd
}

func tokenFileFlag(cmd *cobra.Command, file *string) {
	cmd.Flags().StringVar(file, "file", "", "`file` of the tokens")
}

var errNoTokenFile = usage.New("--file is missing: pass the file of the tokens")

func (g *globals) newToken(file string, e token.Entry, lifetime tokenLifetime) error {
	if file == "" {
		return errNoTokenFile
	}
	if console.IsClosed(g.Out) {
		return usage.New("the standard output is closed, and the token is shown only once: redirect it to a file or a pipe")
	}
	now := time.Now()
	var expires time.Time
	if lifetime.Duration != 0 {
		expires = now.Add(lifetime.Duration)
	}
	made, e, err := token.New(file, e, now, expires)
	if invalid, ok := errors.AsType[*tranship.InvalidError](err); ok { // the name or a group
		return usage.New(invalid.Rule)
	}
	if err != nil {
		return tokenFileError(file, err)
	}
	if g.JSON {
		object := tokenObjectOf(e)
		object.Token = made
		err = console.PrintJSON(g.Out, object)
	} else {
		_, err = fmt.Fprintln(g.Out, made)
	}
	if err != nil {
		// No client can have the token.
		_, failed := token.Revoke(file, e.ID())
		return errors.Join(err, failed)
	}
	if g.JSON {
		return nil
	}
	_, _ = fmt.Fprintf(g.Err, "token %s of %s, expires %s; it is not shown again\n", e.ID(), printable.Text(e.Name), expiryOf(e))
	return nil
}

// tokenFileError returns the error of a change of a file of tokens. It names the file, where the
// system may have failed for another one beside it.
func tokenFileError(file string, err error) error {
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		return fmt.Errorf("%s: %w", file, failed.Err)
	}
	return err
}

func (g *globals) listTokens(file string) error {
	if file == "" {
		return errNoTokenFile
	}
	entries, failed := token.List(file)
	now := time.Now()
	for _, e := range entries {
		if err := g.printToken(e, now); err != nil {
			return err
		}
	}
	return failed
}

func (g *globals) printToken(e token.Entry, now time.Time) error {
	if g.JSON {
		return console.PrintJSON(g.Out, tokenObjectOf(e))
	}
	expires := expiryOf(e)
	if e.IsExpired(now) {
		expires = "expired"
	}
	line := fmt.Sprintf("%s %s %-20s %s %s", e.ID(), console.PrintTime(e.Created), expires, e.Name, strings.Join(e.Groups, ","))
	_, err := fmt.Fprintln(g.Out, printable.Text(strings.TrimRight(line, " ")))
	return err
}

func (g *globals) revokeTokens(file, idOrName string) error {
	revoked, err := token.Revoke(file, idOrName)
	if err != nil {
		return tokenFileError(file, err)
	}
	for _, e := range revoked {
		if g.JSON {
			err = console.PrintJSON(g.Out, tokenObjectOf(e))
		} else {
			_, err = fmt.Fprintf(g.Err, "token %s of %s is revoked\n", e.ID(), printable.Text(e.Name))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// tokenObject is a token in JSON.
type tokenObject struct {
	ID      string     `json:"id"`
	Name    string     `json:"name"`
	Groups  []string   `json:"groups,omitempty"`
	Created time.Time  `json:"created"`
	Expires *time.Time `json:"expires,omitempty"`
	// Token is set only in the result of token new.
	Token string `json:"token,omitempty"`
}

func tokenObjectOf(e token.Entry) tokenObject {
	object := tokenObject{ID: e.ID(), Name: e.Name, Groups: e.Groups, Created: e.Created}
	if !e.Expires.IsZero() {
		object.Expires = &e.Expires
	}
	return object
}

func expiryOf(e token.Entry) string {
	if e.Expires.IsZero() {
		return "never"
	}
	return console.PrintTime(e.Expires)
}

// tokenLifetime is a flag: how long a token is valid. 0 means that it never expires.
type tokenLifetime struct{ time.Duration }

// Set implements pflag.Value.
func (l *tokenLifetime) Set(text string) error {
	if text == "never" {
		l.Duration = 0
		return nil
	}
	d, err := parseTimespan(text)
	if err != nil || d < time.Second {
		return errors.New("it must be a duration of at least one second, such as 30d or 12h, or never")
	}
	l.Duration = d
	return nil
}

// String implements pflag.Value.
func (l *tokenLifetime) String() string {
	switch {
	case l.Duration == 0:
		return "never"
	case l.Duration%(24*time.Hour) == 0:
		return fmt.Sprintf("%dd", l.Duration/(24*time.Hour))
	}
	return l.Duration.String()
}

// Type implements pflag.Value.
func (l *tokenLifetime) Type() string { return "time" }
