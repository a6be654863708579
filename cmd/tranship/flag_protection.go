package main

import (
	"fmt"
	"io"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/tranship/tranship/access/policy"
	"github.com/tranship/tranship/store/audit"
	"github.com/tranship/tranship/store/guard"
)

// protectionFlags are the flags of serve for the policy and the audit log.
type protectionFlags struct {
	policy   string
	auditLog string
}

func (f *protectionFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.policy, "policy", "", "`file` of rules that alone decide what each principal may do; reloaded when it changes")
	flags.StringVar(&f.auditLog, "audit-log", "", "`file` to append a line to for each action of a client, or - for the standard output")
}

// open returns the policy and the audit log; either is nil if its flag is not set. The
// caller closes the log when the server has stopped.
func (f protectionFlags) open(out io.Writer, logger *slog.Logger) (guard.Policy, *audit.Log, error) {
	var rules guard.Policy
	if f.policy != "" {
		file, err := policy.Open(f.policy, logger)
		if err != nil {
			return nil, nil, fmt.Errorf("--policy: %w", err)
		}
		rules = file
	}
	log, err := f.openAuditLog(out, logger)
	if err != nil {
		return nil, nil, fmt.Errorf("--audit-log: %w", err)
	}
	return rules, log, nil
}

// openAuditLog returns nil without --audit-log.
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
