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
		Short: "Check who may do what",
		Long: `Check the rules by which serve --policy FILE decides who may do what. Each line of
the file allows something, and what no line allows is denied:

  # who            what                    where
  allow ann        read,write,delete,list  /
  allow group:web  read,list               site
  allow *          read,write,delete,list  home/{principal}
  allow anonymous  read                    pub

* is anybody who is known. A path stands for itself and all below it, and / for
everything. A word with blanks in it is quoted.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage.New("a command is needed: policy check")
			}
			return usage.Errorf("there is no command \"policy %s\"; there is policy check", args[0])
		},
	}
	cmd.AddCommand(newPolicyCheck(g))
	return cmd
}

// policyQuestion is what policy check is asked.
type policyQuestion struct {
	name   string
	groups []string
}

func newPolicyCheck(g *globals) *cobra.Command {
	var question policyQuestion
	cmd := &cobra.Command{
		Use:   "check FILE [--as NAME ACTION PATH]",
		Short: "Check a policy's file, and what it allows somebody",
		Long: `Check that a policy's file has no mistake; and with --as, whether it allows
somebody to read, write, delete or list PATH, and by which line. It exits with 4 if
not. The name anonymous is somebody unknown.`,
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
	cmd.Flags().StringVar(&question.name, "as", "", "whom to ask for, by `name`")
	cmd.Flags().StringSliceVar(&question.groups, "groups", nil, "`groups` that they are in, as web,staff")
	return cmd
}

func readPolicy(name string) (*policy.Policy, error) {
	text, err := os.ReadFile(name)
	if err != nil { // which is not an answer to the question, as its exit code might say
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
	if err := tranship.ValidatePath(path); err != nil {
		return usage.Errorf("%s: %v", path, err)
	}
	caller := access.Principal{Name: question.name, Groups: question.groups}
	switch {
	case question.name == "":
		return usage.New("--as needs a name; anonymous is somebody unknown")
	case question.name == "anonymous" && len(question.groups) > 0:
		return usage.New("--groups: somebody unknown is in no groups")
	case question.name == "anonymous":
		caller = access.Principal{}
	}
	rules, err := readPolicy(name)
	if err != nil {
		return err
	}
	rule, allowed := rules.Explain(caller, action, path)
	if !allowed {
		return fmt.Errorf("%w: no rule of %s allows %s to %v %s", tranship.ErrDenied, name, question, action, path)
	}
	_, err = fmt.Fprintf(g.Out, "allowed by %s:%d: %s\n", printable.Text(name), rule.Line, printable.Text(rule.String()))
	return err
}

// String is whom it is about.
func (q policyQuestion) String() string {
	if len(q.groups) == 0 {
		return q.name
	}
	return q.name + ", of " + strings.Join(q.groups, " and ") + ","
}
