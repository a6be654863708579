package audit

import (
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/internal/recorded"
)

// lines makes the lines of a log. It is safe for concurrent use if what it writes to is.
type lines struct{ handler slog.Handler }

// linesTo returns lines that are written to w, whose Write must not fail.
func linesTo(w io.Writer) lines {
	return lines{slog.NewJSONHandler(w, &slog.HandlerOptions{
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			switch a.Key {
			case slog.LevelKey:
				return slog.Attr{}
			case slog.MessageKey:
				a.Key = "action"
			}
			return a
		},
	})}
}

// together calls do with lines that are written together when do returns. It costs fewer system
// calls than to write each by itself.
func (l *Log) together(do func(l lines)) {
	var batch waitingLines
	do(linesTo(&batch))
	l.output.add(batch...)
}

// waitingLines has lines that are to be written together.
type waitingLines [][]byte

// Write implements io.Writer for one line.
func (w *waitingLines) Write(line []byte) (int, error) {
	*w = append(*w, escaped(line))
	return len(line), nil
}

// write writes a line.
func (l lines) write(action string, attributes []slog.Attr) {
	record := slog.NewRecord(time.Now().UTC(), slog.LevelInfo, action, 0)
	record.AddAttrs(attributes...)
	_ = l.handler.Handle(context.Background(), record) // no Write of lines fails
}

// done writes the line of an action that has ended with err.
func (l lines) done(ctx context.Context, action string, err error, attributes ...slog.Attr) {
	if err != nil {
		recorded.Failure(ctx)
	}
	all := append(make([]slog.Attr, 0, 11), slog.String("result", result(err)))
	switch p := access.FromContext(ctx); {
	case p.IsAnonymous():
		all = append(all, slog.String("source", "anonymous"))
	default:
		all = append(all, slog.String("principal", clip(p.Name, tranship.MaxOwnerBytes)), slog.String("source", clip(p.Source, maxName)))
	}
	if link := access.FromContext(ctx).Link; link != nil {
		all = append(all, slog.String("link", clip(link.ID, maxName)))
	}
	if from := access.PeerFromContext(ctx); from != nil {
		all = append(all, slog.String("peer", from.String()))
	}
	l.write(action, append(all, attributes...))
}
