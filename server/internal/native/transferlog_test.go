package native

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/tranship/tranship/internal/observation"
	"github.com/tranship/tranship/store/mem"
)

// TestTransferLog checks that small files which are stored together have one line at level Info,
// that each has one for debugging, and that each that fails has a warning.
func TestTransferLog(t *testing.T) {
	transfer := func(path string, err error) observation.Transfer {
		return observation.Transfer{Path: path, Bytes: 5, Start: time.Now(), Err: err}
	}
	failed := errors.New("no")
	rest := observation.Transfer{Path: "rest", Offset: 9, Start: time.Now()}
	for name, test := range map[string]struct {
		ended []observation.Transfer
		want  []string
	}{
		"one":          {[]observation.Transfer{transfer("a", nil)}, []string{"INFO transfer finished a"}},
		"rest":         {[]observation.Transfer{rest}, []string{"DEBUG transfer finished rest"}},
		"one failed":   {[]observation.Transfer{transfer("a", failed)}, []string{"WARN transfer failed a"}},
		"several":      {[]observation.Transfer{transfer("a", nil), transfer("b", nil)}, []string{"INFO transfers finished a: 2 files, 10 bytes", "DEBUG transfer finished a", "DEBUG transfer finished b"}},
		"first failed": {[]observation.Transfer{transfer("a", failed), transfer("b", nil)}, []string{"INFO transfers finished b: 1 files, 5 bytes", "WARN transfer failed a", "DEBUG transfer finished b"}},
		"all failed":   {[]observation.Transfer{transfer("a", failed), transfer("b", failed)}, []string{"WARN transfer failed a", "WARN transfer failed b"}},
		"none":         {},
	} {
		for _, level := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelError} {
			t.Run(fmt.Sprint(name, " from ", level), func(t *testing.T) {
				var text bytes.Buffer
				service := New(&mem.Store{}, Options{Logger: slog.New(slog.NewTextHandler(&text, &slog.HandlerOptions{Level: level}))})
				service.logTransfers(t.Context(), "upload", test.ended...)
				var want []string
				for _, line := range test.want {
					var its slog.Level
					word, rest, _ := strings.Cut(line, " ")
					if err := its.UnmarshalText([]byte(word)); err != nil {
						t.Fatal(err)
					}
					if its >= level {
						want = append(want, word+" "+rest)
					}
				}
				got := strings.Split(strings.TrimSuffix(text.String(), "\n"), "\n")
				if text.Len() == 0 {
					got = nil
				}
				if len(got) != len(want) {
					t.Fatalf("got %q, want %q", got, want)
				}
				for i, line := range want {
					word, rest, _ := strings.Cut(line, " ")
					message, counts, _ := strings.Cut(rest, ": ")
					at := strings.LastIndexByte(message, ' ')
					parts := []string{"level=" + word, `msg="` + message[:at] + `"`, "path=" + message[at+1:]}
					if counts != "" {
						var files, size int
						if _, err := fmt.Sscanf(counts, "%d files, %d bytes", &files, &size); err != nil {
							t.Fatal(err)
						}
						parts = append(parts, fmt.Sprintf("files=%d bytes=%d", files, size))
					}
					for _, part := range parts {
						if !strings.Contains(got[i], part) {
							t.Errorf("line %d is %s, want %s in it", i, got[i], part)
						}
					}
				}
			})
		}
	}
}
