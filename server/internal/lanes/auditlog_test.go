package lanes_test

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/tranship/tranship/access"
)

// auditLog keeps what a Door refuses, each in one line.
type auditLog struct {
	mu    sync.Mutex
	lines []string
}

func (l *auditLog) add(words ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, strings.TrimSuffix(fmt.Sprintln(words...), "\n"))
}

// has reports whether one line has the text.
func (l *auditLog) has(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(strings.Join(l.lines, "\n"), text)
}

func (l *auditLog) Refused(address, reason string)           { l.add("refused", address, reason) }
func (l *auditLog) RefusedHandshake(address, reason string)  { l.add("handshake", address, reason) }
func (l *auditLog) RefusedConnection(address, reason string) { l.add("connection", address, reason) }

func (l *auditLog) RefusedCall(ctx context.Context, method, _, _, _ string, err error) {
	l.add("call", access.PeerFromContext(ctx), access.FromContext(ctx).Name, method, err)
}
