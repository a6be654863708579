package audit

import (
	"context"
	"log/slog"

	"github.com/tranship/tranship"
)

// Administration is an action of an administrator. Fields that do not apply are zero.
type Administration struct {
	// Action is the name of the action, such as "admin_abort_upload".
	Action string
	// Path is the path of a file, or the directory of a list.
	Path string
	// Upload is the id of an upload, and Transfer that of a transfer.
	Upload, Transfer string
	// Owner is the principal whose upload or transfer it was.
	Owner string
	// Entries is how many items were sent; less than 0 if the action sends none.
	Entries int
	// DryRun says that nothing was to be removed.
	DryRun bool
}

// Administered writes a line about an action of an administrator that has ended with err.
func (l *Log) Administered(ctx context.Context, a Administration, err error) {
	if l == nil {
		return
	}
	attributes := targetAttrs(a.Path, "", a.Upload)
	if a.Transfer != "" {
		attributes = append(attributes, slog.String("transfer", clip(a.Transfer, maxName)))
	}
	if a.Owner != "" {
		attributes = append(attributes, ownerAttr(a.Owner))
	}
	if a.Entries >= 0 {
		attributes = append(attributes, slog.Int("entries", a.Entries))
	}
	if a.DryRun {
		attributes = append(attributes, slog.Bool("dry_run", true))
	}
	l.done(ctx, a.Action, err, attributes...)
}

// Expired writes a line about a file, or an unfinished upload with an id, that the server has
// removed because of a rule, or could not remove. bytes is the size of the file.
func (l *Log) Expired(path, upload, owner, rule string, bytes int64, err error) {
	if l == nil {
		return
	}
	action := "expire"
	if upload != "" {
		action = "expire_upload"
	}
	attributes := []slog.Attr{slog.String("result", result(err)), slog.String("source", "server")}
	attributes = append(attributes, targetAttrs(path, "", upload)...)
	if owner != "" {
		attributes = append(attributes, ownerAttr(owner))
	}
	l.write(action, append(attributes, bytesAttr(bytes), slog.String("rule", clip(rule, tranship.MaxPathBytes))))
}

func ownerAttr(owner string) slog.Attr {
	return slog.String("owner", clip(owner, tranship.MaxOwnerBytes))
}
