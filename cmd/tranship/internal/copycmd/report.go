package copycmd

import (
	"errors"
	"fmt"

	"github.com/tranship/tranship/cmd/tranship/internal/console"
	"github.com/tranship/tranship/cmd/tranship/internal/location"
	"github.com/tranship/tranship/internal/bytesize"
	"github.com/tranship/tranship/transfer"
)

// reporter prints results and events of a copy.
type reporter struct {
	console *console.Console
	target  *Target
	// verbose prints retries and resumed files, too.
	verbose bool
	// dryRun marks results as those of a dry run.
	dryRun bool
	// differ has the files in flight whose EventDiffers was printed.
	differ map[string]bool
	// timeLost is set once an EventTimeLost was printed.
	timeLost bool
}

// result is the transfer.Options.Report of cp.
func (r *reporter) result(result transfer.Result) {
	g := r.console
	if g.JSON {
		path := r.target.show(result.Path)
		if result.Path == "" {
			path = result.Source
		}
		object := r.target.ResultOf(path, result)
		object.DryRun = r.dryRun
		if err := console.PrintJSON(g.Out, object); err != nil {
			g.Fail(err)
		}
	}
	if result.Err == nil {
		return
	}
	// The error that stopped all files is printed once, by the caller of Run.
	if errors.Is(result.Err, transfer.ErrStopped) {
		return
	}
	g.Failures.Add(console.ExitCode(result.Err))
	g.PrintError(r.target.message(result))
}

// event is the transfer.Options.Events of cp.
func (r *reporter) event(event transfer.Event) {
	notify := func(format string, args ...any) {
		r.console.Notice(event.Source + ": " + fmt.Sprintf(format, args...))
	}
	switch event.Kind {
	case transfer.EventDiffers:
		// Many parts of one file may differ; one line is enough.
		if !r.differ[event.Path] {
			r.differ[event.Path] = true
			notify("parts at the target differ from the source and are sent again")
		}
	case transfer.EventEnd:
		delete(r.differ, event.Path)
	case transfer.EventTimeLost:
		// The file system of the target does the same to many files; one line is enough.
		if !r.timeLost || r.verbose {
			r.timeLost = true
			notify("copied, but its modified time cannot be kept: %v; other files like it are not mentioned", event.Err)
		}
	case transfer.EventLeft:
		if where := r.target.Location; where.Kind == location.Remote {
			notify("an unfinished upload may be left on the server (%v); remove it with: tranship uploads rm %s %s", event.Err, where.Server, event.Upload)
		} else {
			notify("what was copied could not be removed: %v", event.Err)
		}
	case transfer.EventRestart:
		notify("starting over: %v", event.Err)
	case transfer.EventResume:
		if r.verbose {
			notify("resuming; %s already at the target", bytesize.Text(float64(event.Bytes)))
		}
	case transfer.EventRetry:
		if r.verbose {
			r.console.NotifyRetry(event.Source, event.Wait, event.Err)
		}
	}
}

// ResultObject is the result of the copy of a file, in JSON.
type ResultObject struct {
	Path string `json:"path"`
	// Size is nil if it never became known.
	Size         *int64            `json:"size"`
	SentBytes    int64             `json:"sent_bytes"`
	SkippedBytes int64             `json:"skipped_bytes"`
	Seconds      float64           `json:"seconds"`
	CRC32C       *console.Checksum `json:"crc32c"`
	Version      string            `json:"version"`
	// TimeLost is true if the target cannot keep the modified time.
	TimeLost bool   `json:"time_lost,omitempty"`
	Error    string `json:"error,omitempty"`
	// DryRun is true if nothing was copied, because of -n.
	DryRun bool `json:"dry_run,omitempty"`
}

// ResultOf returns the ResultObject of a result. path is the target, as users know it.
func (t *Target) ResultOf(path string, result transfer.Result) ResultObject {
	object := ResultObject{
		Path:         path,
		SentBytes:    result.SentBytes,
		SkippedBytes: result.SkippedBytes,
		Seconds:      result.Duration.Seconds(),
		CRC32C:       (*console.Checksum)(result.CRC32C),
		Version:      result.Version,
		TimeLost:     result.TimeLost,
	}
	if result.Size >= 0 {
		object.Size = new(result.Size)
	}
	if result.Err != nil {
		object.Error = t.errorText(result.Err, console.Subject{})
	}
	return object
}
