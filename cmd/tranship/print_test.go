package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/cmd/tranship/internal/console"
	"github.com/tranship/tranship/cmd/tranship/internal/copycmd"
	"github.com/tranship/tranship/cmd/tranship/internal/location"
	"github.com/tranship/tranship/transfer"
)

// hostileText has characters that must never reach a terminal raw: CSI as C1 and as ESC,
// DEL, a mark that changes the direction of text, a line separator, and invisible
// characters.
const hostileText = "x\u009b31m\x1b]0;title\x07\x7f\u202e\u2028\u200b\u3164y"

func rawIn(text string) bool {
	return strings.ContainsAny(text, "\u009b\x1b\x07\x7f\u202e\u2028\u200b\u3164")
}

// Every kind of output escapes, and JSON decodes to the same value.
func TestOutputIsPrintable(t *testing.T) {
	t.Parallel()
	file := tranship.File{Path: hostileText, Version: hostileText, Metadata: map[string]string{"k": hostileText}, ModTime: time.Unix(0, 0)}
	upload := tranship.UploadInfo{ID: hostileText, Path: hostileText}
	target := &copycmd.Target{Location: location.Location{Arg: "grpc://h/"}}
	for _, asJSON := range []bool{false, true} {
		var out, errs bytes.Buffer
		g := &globals{Console: console.Console{Streams: console.Streams{Out: &out, Err: &errs}, JSON: asJSON}}
		for _, long := range []bool{false, true} {
			if err := g.printEntry(tranship.Entry{File: file}, ".", listFormat{long: long}); err != nil {
				t.Fatal(err)
			}
		}
		if err := g.printUpload(upload); err != nil {
			t.Fatal(err)
		}
		if asJSON {
			if err := console.PrintJSON(&out, target.ResultOf(hostileText, transfer.Result{Version: hostileText})); err != nil {
				t.Fatal(err)
			}
		} else {
			out.WriteString(describe(file, hostileText, false))
		}
		g.Warn(hostileText)
		g.Notice(hostileText)
		if rawIn(out.String()) || rawIn(errs.String()) {
			t.Errorf("JSON %v: printed raw: %q %q", asJSON, out.String(), errs.String())
		}
		if !asJSON {
			continue
		}
		for line := range strings.Lines(out.String()) {
			var object map[string]any
			if err := json.Unmarshal([]byte(line), &object); err != nil || object["path"] != hostileText {
				t.Errorf("%s decodes to %q: %v", line, object["path"], err)
			}
		}
	}
}

// The program prints names of files of a server, and logs them, escaped.
func TestNamesArePrintable(t *testing.T) {
	t.Parallel()
	_, root, address := serveFor(t.Context(), t)
	server := "grpc://" + address + "/"
	const name = "a\u202eb\u200bc"
	if err := os.WriteFile(filepath.Join(root, name), []byte("x"), 0o644); err != nil {
		t.Skip("the file system does not take the name: ", err)
	}
	for _, args := range [][]string{
		{"ls"}, {"ls", "-l"}, {"ls", "--json"}, {"stat"}, {"stat", "--json"}, {"stat", "--json", "missing"},
	} {
		target := server
		if args[0] == "stat" {
			target += name
		}
		if len(args) == 3 {
			target, args = server+name+"/missing", args[:2]
		}
		cmd := built().Command(t.Context(), append(args, target)...)
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		_ = cmd.Run() // the last one fails
		if rawIn(out.String()) || !strings.Contains(out.String(), `\u202eb\u200bc`) {
			t.Errorf("%v prints %q", args, out.String())
		}
	}
}
