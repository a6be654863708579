package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/cmd/tranship/internal/console"
)

// limits returns the limits that package tranship names, by constant.
func limits(t *testing.T) map[string]tranship.Limit {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../../limiterror.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]tranship.Limit{}
	for _, declaration := range file.Decls {
		constants, ok := declaration.(*ast.GenDecl)
		if !ok || constants.Tok != token.CONST {
			continue
		}
		for _, spec := range constants.Specs {
			value := spec.(*ast.ValueSpec)
			name, err := strconv.Unquote(value.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			found[value.Names[0].Name] = tranship.Limit(name)
		}
	}
	if len(found) < 20 {
		t.Fatalf("found %d limits", len(found))
	}
	return found
}

// The table has every limit, and every flag in it exists.
func TestLimitFlags(t *testing.T) {
	root := newRoot(&globals{})
	find := func(name string) *cobra.Command {
		cmd, _, err := root.Find([]string{name})
		if err != nil {
			t.Fatal(err)
		}
		return cmd
	}
	serve, cp := find("serve"), find("cp")
	table := console.LimitFlags()
	for name, limit := range limits(t) {
		flag, ok := table[limit]
		if !ok {
			t.Errorf("the table lacks tranship.%s", name)
		}
		delete(table, limit)
		for _, of := range []struct {
			cmd  *cobra.Command
			name string
		}{{serve, flag.Serve}, {cp, flag.Client}} {
			if of.name != "" && of.cmd.Flags().Lookup(of.name) == nil && of.cmd.InheritedFlags().Lookup(of.name) == nil {
				t.Errorf("%s: tranship %s has no flag --%s", limit, of.cmd.Name(), of.name)
			}
		}
	}
	for limit := range table {
		t.Errorf("package tranship has no limit %s", limit)
	}
}

func TestLimitAdvice(t *testing.T) {
	for _, test := range []struct {
		err  error
		want string
	}{
		{fmt.Errorf("a: %w", &tranship.LimitError{Limit: tranship.LimitFileBytes}), " (--max-file-size of tranship serve, or its policy)"},
		{&tranship.LimitError{Limit: tranship.LimitMessageBytes}, "; raise --max-message-size where it was received"},
		{&tranship.LimitError{Limit: tranship.LimitPutBytes}, ""},
		{&tranship.LimitError{Limit: "of-a-newer-server"}, ""},
		{errors.New("quota-bytes"), ""},
	} {
		if got := console.LimitAdvice(test.err); got != test.want {
			t.Errorf("%v: the advice is %q, want %q", test.err, got, test.want)
		}
	}
}

// Every flag in the table of server.Config is a flag of serve, and every flag in the table
// of tlsconfig.ClientOptions is a flag of cp.
func TestConfigFlags(t *testing.T) {
	for command, table := range map[string]map[string]string{"serve": console.ServeFlags(), "cp": console.ClientTLSFlags()} {
		cmd, _, err := newRoot(&globals{}).Find([]string{command})
		if err != nil {
			t.Fatal(err)
		}
		for field, flags := range table {
			for name := range strings.SplitSeq(flags, ", ") {
				name = strings.TrimPrefix(name, "--")
				if cmd.Flags().Lookup(name) == nil && cmd.PersistentFlags().Lookup(name) == nil && cmd.InheritedFlags().Lookup(name) == nil {
					t.Errorf("%s: tranship %s has no flag --%s", field, command, name)
				}
			}
		}
	}
}
