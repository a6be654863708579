package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/tranship/tranship/access"
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
func (f protectionFlags) open(out io.Writer, logger *slog.Logger) (*policy.File, *audit.Log, error) {
	var rules *policy.File
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

// guardPolicy returns the rules of a file; nil for nil.
func guardPolicy(rules *policy.File) guard.Policy {
	if rules == nil {
		return nil
	}
	return rules
}

// principalLimits returns the limits in a file; nil for nil.
func principalLimits(rules *policy.File) func(access.Principal) policy.Limits {
	if rules == nil {
		return nil
	}
	return rules.Limits
}

// refuseFileLimits refuses a policy with a limit that a server cannot enforce which has not
// counted the files at its start.
func refuseFileLimits(rules *policy.Policy) error {
	if rules.LimitsFiles() {
		return errors.New("the server has not counted the files, because it started without a quota of bytes or files: restart it for the first one")
	}
	return nil
}
