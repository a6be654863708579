package browser

import (
	"context"
	"strings"
	"time"

	"github.com/chromedp/chromedp"
)

// wait waits until an expression is true.
func (b *tab) wait(expression string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	for {
		holds, err := chromedp.Run(ctx, chromedp.Poll[bool]("!!("+expression+")", chromedp.WithPollingInterval(30*time.Millisecond), chromedp.WithPollingTimeout(0)))
		if err == nil && holds {
			return
		}
		if ctx.Err() != nil {
			b.screenshot("failed")
			b.t.Fatalf("%s: %v; the page has: %s", expression, err, b.text())
		}
	}
}

// waitText waits until the page has a text.
func (b *tab) waitText(text string) {
	b.t.Helper()
	b.wait("document.body.innerText.includes(" + quoted(text) + ")")
}

// waitPlain waits until the browser shows a text on a page without scripts, which wait needs.
func (b *tab) waitPlain(text string) {
	b.t.Helper()
	tick := time.NewTicker(30 * time.Millisecond)
	defer tick.Stop()
	for begun := time.Now(); time.Since(begun) < patience; <-tick.C {
		if strings.Contains(b.text(), text) {
			return
		}
	}
	b.screenshot("failed")
	b.t.Fatalf("the page has not %q: %s", text, b.text())
}

// repeat evaluates an expression until the promise that it returns is true.
func (b *tab) repeat(expression string) {
	b.t.Helper()
	eval[any](b, `(async () => { while (!(await `+expression+`)) await new Promise((resolve) => setTimeout(resolve, 50)); })().then(() => null)`)
}
