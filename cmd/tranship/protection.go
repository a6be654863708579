package main

import (
	"fmt"
	"io"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/access/policy"
	"github.com/tranship/tranship/store/audit"
	"github.com/tranship/tranship/store/guard"
)

// protectionFlags are flags of serve: who may do what, and where it is written down.
type protectionFlags struct {
	policy   string
	auditLog string
}

func (f *protectionFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.policy, "policy", "", "`file` of rules, which alone decides who may do what; read again when it changes")
	flags.StringVar(&f.auditLog, "audit-log", "", "`file` to append a line to for each action of anybody, or - for the standard output")
}

// protect returns the store as all protocols are to have it, and the audit log, nil if
// there is none, to close when they have stopped. Without a policy file, who is known
// may do everything, and who is not what anonymous says: "read", "write" or, with "",
// nothing.
func (f protectionFlags) protect(store tranship.Store, anonymous string, out io.Writer, logger *slog.Logger) (tranship.Store, *audit.Log, error) {
	rules := guard.Policy(builtInPolicy(anonymous))
	if f.policy != "" {
		file, err := policy.Open(f.policy, logger)
		if err != nil {
			return nil, nil, fmt.Errorf("--policy: %w", err)
		}
		rules = file
	}
	store = guard.New(store, rules)
	log, err := f.openAuditLog(out, logger)
	if err != nil {
		return nil, nil, fmt.Errorf("--audit-log: %w", err)
	}
	return audit.New(store, log), log, nil
}

// openAuditLog returns nil if there is to be none.
func (f protectionFlags) openAuditLog(out io.Writer, logger *slog.Logger) (*audit.Log, error) {
	switch f.auditLog {
	case "":
		return nil, nil
	case "-":
		return audit.NewLog(out, logger), nil
	default:
		return audit.Open(f.auditLog, logger)
	}
}

// builtInPolicy is that of a server without a policy file.
func builtInPolicy(anonymous string) *policy.Policy {
	switch anonymous {
	case "read":
		return policy.Default(access.Read, access.List)
	case "write":
		return policy.Default(access.Actions()...)
	default:
		return policy.Default()
	}
}
