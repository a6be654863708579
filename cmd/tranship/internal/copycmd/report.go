package copycmd

import (
	"errors"
	"fmt"

	"github.com/tranship/tranship/cmd/tranship/internal/console"
	"github.com/tranship/tranship/cmd/tranship/internal/display"
	"github.com/tranship/tranship/transfer"
)

// reporter prints results, and what happens meanwhile.
type reporter struct {
	console *console.Console
	target  *Target
	// talk: tell what may be of interest to a user who watches.
	talk bool
	// differ are the files in flight of which that has been told.
	differ map[string]bool
}

// result is the transfer.Options.Report of cp.
func (r *reporter) result(result transfer.Result) {
	g := r.console
	if g.JSON {
		path := r.target.show(result.Path)
		if result.Path == "" {
			path = result.Source
		}
		if err := console.PrintJSON(g.Out, r.target.ResultOf(path, result)); err != nil {
			g.Fail(err)
		}
	}
	if result.Err == nil {
		return
	}
	// What stopped all of them is said once, at the end.
	if errors.Is(result.Err, transfer.ErrStopped) {
		return
	}
	g.Failures.Add(console.ExitCode(result.Err))
	g.Complain(r.target.message(result))
}

// event is the transfer.Options.Events of cp.
func (r *reporter) event(event transfer.Event) {
	say := func(format string, args ...any) {
		r.console.Complain(event.Source + ": " + fmt.Sprintf(format, args...))
	}
	switch event.Kind {
	case transfer.EventDiffers:
		// There may be many parts of one file.
		if !r.differ[event.Path] {
			r.differ[event.Path] = true
			say("some of what is at the target differs from the source, and is sent again")
		}
	case transfer.EventEnd:
		delete(r.differ, event.Path)
	case transfer.EventRestart:
		say("starts over: %v", event.Err)
	case transfer.EventResume:
		if r.talk {
			say("goes on; %s are at the target", display.BytesText(float64(event.Bytes)))
		}
	case transfer.EventRetry:
		if r.talk {
			r.console.TellRetry(event.Source, event.Wait, event.Err)
		}
	}
}

// ResultObject is how the copy of a file went, in JSON.
type ResultObject struct {
	Path string `json:"path"`
	// Size is null when it did not become known.
	Size         *int64            `json:"size"`
	SentBytes    int64             `json:"sent_bytes"`
	SkippedBytes int64             `json:"skipped_bytes"`
	Seconds      float64           `json:"seconds"`
	CRC32C       *console.Checksum `json:"crc32c"`
	Version      string            `json:"version"`
	Error        string            `json:"error,omitempty"`
}

func (t *Target) ResultOf(path string, result transfer.Result) ResultObject {
	object := ResultObject{
		Path:         path,
		SentBytes:    result.SentBytes,
		SkippedBytes: result.SkippedBytes,
		Seconds:      result.Duration.Seconds(),
		CRC32C:       (*console.Checksum)(result.CRC32C),
		Version:      result.Version,
	}
	if result.Size >= 0 {
		object.Size = new(result.Size)
	}
	if result.Err != nil {
		object.Error = t.inWords(result.Err, console.Subject{})
	}
	return object
}
