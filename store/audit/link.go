package audit

import (
	"context"
	"log/slog"
)

// Linked writes a line about an action on sharing links that has ended with err, such as
// "link_create". path is the path of the link, and link its id; "" for none.
func (l *Log) Linked(ctx context.Context, action, path, link string, err error) {
	if l == nil {
		return
	}
	attributes := targetAttrs(path, "", "")
	if link != "" {
		attributes = append(attributes, slog.String("link", clip(link, maxName)))
	}
	l.done(ctx, action, err, attributes...)
}
