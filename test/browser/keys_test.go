package browser

import "github.com/chromedp/chromedp"

// keys presses keys.
func (b *tab) keys(keys string) {
	b.t.Helper()
	b.run(chromedp.KeyEvent(keys))
}

// tabTo presses the tab key until a button or link has the focus.
func (b *tab) tabTo(name string) {
	b.t.Helper()
	b.wait(button(name))
	for range 50 {
		if eval[bool](b, "document.activeElement === ("+button(name)+")") {
			return
		}
		b.keys("\t")
	}
	b.t.Fatalf("the tab key does not lead to %q", name)
}
