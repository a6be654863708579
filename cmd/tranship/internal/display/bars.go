package display

import (
	"fmt"
	"io"
	"math"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mattn/go-runewidth"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"

	"github.com/tranship/tranship/internal/printable"
)

const (
	// nameColumns is the width of names.
	nameColumns = 18
	// maxFileBars is the maximum number of files in flight with a bar, beside the total.
	maxFileBars = 8
)

// bars shows progress as bars on a terminal: one for the whole copy and, if it has several
// files, one for each large file in flight. Text written to it stands above the bars.
type bars struct {
	out io.Writer

	rate  rate
	total *bar
	files map[flightKey]*bar

	mu sync.Mutex
	// container is nil before the first state and after the last.
	container *mpb.Progress
}

// bar is one line of bars.
type bar struct {
	bar    *mpb.Bar
	name   atomic.Pointer[string]
	amount atomic.Pointer[string]
	speed  atomic.Pointer[string]
}

// Write implements io.Writer. p must be whole lines. It is safe for concurrent use.
func (b *bars) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.container != nil {
		if n, err := b.container.Write(p); err == nil {
			return n, nil
		}
		// The terminal failed.
	}
	return b.out.Write(p)
}

// show implements display.
func (b *bars) show(now time.Time, s state) {
	b.begin()
	b.rate.add(now, s.moved)
	b.showTotal(s, b.rate.perSecond())
	b.showFiles(s)
}

func (b *bars) begin() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.container != nil {
		return
	}
	// --progress bars shows bars even if the output is not a terminal.
	b.container = mpb.New(mpb.WithOutput(hideUnsizedTerminal(b.out)), mpb.WithRefreshRate(barsInterval), mpb.ForceTTY(), mpb.WithAutoRefresh())
	b.total = newBar(b.container, math.MaxInt)
	b.files = map[flightKey]*bar{}
}

// hideUnsizedTerminal hides that an output is a terminal if the terminal does not know its
// size, such as a serial line or the terminal of a container. Nothing fits into the 0
// columns that it reports; other outputs are taken to have 80.
func hideUnsizedTerminal(out io.Writer) io.Writer {
	if file, ok := out.(*os.File); ok {
		if columns, rows, err := term.GetSize(int(file.Fd())); err == nil && (columns <= 0 || rows <= 0) {
			return struct{ io.Writer }{out}
		}
	}
	return out
}

func newBar(container *mpb.Progress, priority int) *bar {
	b := &bar{}
	text := func(of *atomic.Pointer[string], config decor.WC) decor.Decorator {
		return decor.Any(func(decor.Statistics) string {
			if text := of.Load(); text != nil {
				return *text
			}
			return ""
		}, config)
	}
	// Add fails if the terminal has failed; then the bar is nil.
	b.bar, _ = container.Add(0, mpb.BarStyle().Build(),
		mpb.BarPriority(priority),
		mpb.PrependDecorators(text(&b.name, decor.WC{W: nameColumns, C: decor.DindentRight})),
		mpb.AppendDecorators(text(&b.amount, decor.WC{}), text(&b.speed, decor.WC{})),
	)
	return b
}

func (b *bar) show(name string, done, size int64, speed string) {
	amount := BytesText(float64(done))
	if size >= 0 {
		amount = fmt.Sprintf("%3d%% %s/%s", Percent(done, size), amount, BytesText(float64(size)))
	}
	name = runewidth.Truncate(printable.Text(name), nameColumns, "…")
	b.name.Store(&name)
	b.amount.Store(&amount)
	b.speed.Store(&speed)
	if b.bar == nil {
		return
	}
	b.bar.SetTotal(max(size, 0), false)
	b.bar.SetCurrent(min(done, max(size, 0)))
}

// end removes the bar.
func (b *bar) end() {
	if b.bar != nil {
		b.bar.Abort(true)
	}
}

func (b *bars) showTotal(s state, rate float64) {
	speed := " " + BytesText(rate) + "/s"
	if left := s.timeLeft(rate); left > 0 {
		speed += " " + durationText(left) + " left"
	}
	size := s.bytes
	if !s.final {
		size = -1
	}
	name := filesText(s)
	if s.files <= 1 && len(s.flying) == 1 {
		name = s.flying[0].name
	} else if s.files <= 1 {
		name = ""
	}
	b.total.show(name, s.done, size, speed)
}

// showFiles adds bars for files that have begun, and removes the bars of files that have
// ended.
func (b *bars) showFiles(s state) {
	flying := s.flying
	if s.files <= 1 {
		flying = nil
	}
	ended := map[flightKey]bool{}
	for key := range b.files {
		ended[key] = true
	}
	for i, f := range flying[:min(len(flying), maxFileBars)] {
		delete(ended, f.flightKey)
		if b.files[f.flightKey] == nil {
			b.files[f.flightKey] = newBar(b.container, i)
		}
		b.files[f.flightKey].show(f.name, f.done, f.size, "")
	}
	for key := range ended {
		b.files[key].end()
		delete(b.files, key)
	}
}

// end implements display. It removes the bars from the terminal.
func (b *bars) end(time.Time, state) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.container == nil {
		return
	}
	for _, file := range b.files {
		file.end()
	}
	// The total is removed last: that redraw prints the text written above the bars.
	b.total.end()
	b.container.Wait()
	b.container = nil
}
