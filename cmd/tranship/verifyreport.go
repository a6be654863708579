package main

import (
	"cmp"
	"fmt"

	"github.com/tranship/tranship/cmd/tranship/internal/console"
	"github.com/tranship/tranship/internal/printable"
	"github.com/tranship/tranship/internal/verification"
)

// verifyReport prints what verify finds in a target. Its calls must not be concurrent.
type verifyReport struct {
	globals *globals
	target  *verifyTarget
	// err is the first error of the standard output.
	err error
}

// findingObject is a finding in JSON.
type findingObject struct {
	Path   string            `json:"path"`
	Status verification.Kind `json:"status"`
	Size   int64             `json:"size"`
	Error  string            `json:"error,omitempty"`
}

// summaryObject is the summary of a location in JSON.
type summaryObject struct {
	Location string `json:"location"`
	verification.Totals
	// Interrupted is true if not all files were read.
	Interrupted bool `json:"interrupted,omitempty"`
	// LostAttributes is true if the directory was copied without its extended attributes.
	LostAttributes bool `json:"lost_attributes,omitempty"`
}

// finding prints what was found of a file. A file without a checksum is no failure.
func (r *verifyReport) finding(f verification.Finding) {
	g := r.globals
	if f.Kind != verification.NoChecksum {
		g.Fail(fmt.Errorf("%s: %w", r.target.at(f.Path), console.Pathless(f.Err, f.Path)))
	}
	var err error
	switch {
	case g.JSON:
		object := findingObject{Path: f.Path, Status: f.Kind, Size: f.Size}
		if f.Err != nil {
			object.Error = f.Err.Error()
		}
		err = console.PrintJSON(g.Out, object)
	case f.Kind == verification.NoChecksum && !g.Quiet:
		_, err = fmt.Fprintf(g.Out, "%s: no checksum\n", printable.Text(r.target.at(f.Path)))
	}
	r.err = cmp.Or(r.err, err)
}

// summary prints what was found in all.
func (r *verifyReport) summary(totals verification.Totals, interrupted bool) error {
	g := r.globals
	if g.JSON {
		return console.PrintJSON(g.Out, summaryObject{Location: r.target.arg, Totals: totals, Interrupted: interrupted, LostAttributes: r.target.lost})
	}
	text := fmt.Sprintf("%s: %d files with %d bytes read: %d do not match their checksums, %d have none, %d could not be read\n",
		printable.Text(r.target.arg), totals.Files, totals.Bytes, totals.Mismatched, totals.NoChecksum, totals.Unreadable)
	if interrupted && totals.After != "" && r.target.file == "" {
		text += fmt.Sprintf("not all files were read: continue with --after %s\n", printable.Text(totals.After))
	}
	_, err := fmt.Fprint(g.Out, text)
	return err
}
