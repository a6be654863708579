package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/access/policy"
	"github.com/tranship/tranship/cmd/tranship/internal/copycmd"
	"github.com/tranship/tranship/cmd/tranship/internal/usage"
	"github.com/tranship/tranship/internal/printable"
)

func newPolicy(g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "policy",
		Short: "Check access rules",
		Long: `Check the rules of serve --policy FILE. Each line of the file allows some actions of
a principal below a path. An action that no line allows is denied:

  # principal      actions                 path
  allow ann        read,write,delete,list  /
  allow group:web  read,list               site
  allow *          read,write,delete,list  home/{principal}
  allow anonymous  read                    pub
  allow group:partners  create             inbox
  allow group:ops  admin                   /
  limit group:partners  quota-bytes        10GiB

With create alone, a principal can add files, but not replace, read or list any. With
admin, whose path must be /, it can use tranship admin, and with share it can make links
to what it may read or create; no other action includes these. A limit replaces that of
the server for a principal or group: bandwidth-per-principal, max-streams-per-principal,
max-calls-per-second, max-file-size, quota-bytes, quota-files or max-uploads; unlimited
is a value, too.

The principal * is every authenticated caller. A path stands for itself and
everything below it, / for the whole store. A word that contains blanks is quoted.`,
		Args: cobra.ArbitraryArgs,
		RunE: needSubcommand("policy check", "the only one is policy check"),
	}
	cmd.AddCommand(newPolicyCheck(g))
	return cmd
}

// policyQuestion is the principal that policy check asks about.
type policyQuestion struct {
	name   string
	groups []string
}

func newPolicyCheck(g *globals) *cobra.Command {
	var question policyQuestion
	cmd := &cobra.Command{
		Use:   "check FILE [--as NAME ACTION PATH]",
		Short: "Check a policy file, and what it allows a principal",
		Long: `Check that a policy file has no mistake. With --as, also check whether it allows the
principal NAME to read, write, delete, list or create PATH, or to admin /, and print the line
that allows it.
The exit code is 4 if no line does. The name anonymous stands for unauthenticated
callers.`,
		Example: `  tranship policy check rules
  tranship policy check rules --as ann --groups web,staff read site/index.html`,
		Args: arguments(1, 3, "tranship policy check FILE [--as NAME ACTION PATH]"),
		RunE: func(cmd *cobra.Command, args []string) error {
			asked := cmd.Flags().Changed("as")
			switch {
			case len(args) == 1 && !asked && question.groups == nil:
				return g.checkPolicy(args[0])
			case len(args) == 3 && asked:
				return g.askPolicy(args[0], question, args[1], args[2])
			}
			return usage.New("--as NAME, ACTION and PATH belong together: tranship policy check FILE --as NAME ACTION PATH")
		},
	}
	cmd.Flags().StringVar(&question.name, "as", "", "`name` of the principal to check")
	cmd.Flags().StringSliceVar(&question.groups, "groups", nil, "`groups` of the principal, such as web,staff")
	return cmd
}

func readPolicy(name string) (*policy.Policy, error) {
	text, err := os.ReadFile(name)
	if err != nil { // not wrapped: its exit code would look like an answer to the question
		return nil, fmt.Errorf("%s: %v", name, copycmd.LocalError(err))
	}
	return policy.Parse(name, text)
}

func (g *globals) checkPolicy(name string) error {
	rules, err := readPolicy(name)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(g.Out, "%s: %d rules\n", printable.Text(name), len(rules.Rules()))
	return err
}

func (g *globals) askPolicy(name string, question policyQuestion, actionText, path string) error {
	action, err := access.ParseAction(actionText)
	if err != nil {
		return usage.New(err.Error())
	}
	asked := path
	switch {
	case action == access.Admin && path == "/":
		path = ""
	case action == access.Admin:
		return usage.Errorf("%s: admin is a right on the whole store: its path must be /", path)
	default:
		if err := tranship.ValidatePath(path); err != nil {
			return usage.Errorf("%s: %v", path, err)
		}
	}
	caller := access.Principal{Name: question.name, Groups: question.groups}
	switch {
	case question.name == "":
		return usage.New("--as needs a name; anonymous stands for unauthenticated callers")
	case question.name == "anonymous" && len(question.groups) > 0:
		return usage.New("--groups: anonymous callers are in no groups")
	case question.name == "anonymous":
		caller = access.Principal{}
	}
	rules, err := readPolicy(name)
	if err != nil {
		return err
	}
	rule, allowed := rules.Explain(caller, action, path)
	if !allowed {
		return fmt.Errorf("%w: no rule of %s allows %s to %v %s", tranship.ErrDenied, name, question, action, asked)
	}
	_, err = fmt.Fprintf(g.Out, "allowed by %s:%d: %s\n", printable.Text(name), rule.Line, printable.Text(rule.String()))
	return err
}

// String returns the principal's name and groups, for messages.
func (q policyQuestion) String() string {
	if len(q.groups) == 0 {
		return q.name
	}
	return q.name + " (groups " + strings.Join(q.groups, ",") + ")"
}
