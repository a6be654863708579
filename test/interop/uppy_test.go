package interop

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/tranship/tranship/internal/testing/faultproxy"
	"github.com/tranship/tranship/internal/testing/program"
)

const (
	// uppyPiece is the length of the pieces that Uppy sends.
	uppyPiece = 1 << 20
	// uppyFiles is how many files Uppy sends at a time.
	uppyFiles = 2
	// uppyOverhead bounds the bytes of what is not content.
	uppyOverhead = 256 << 10
	// uppyTime is how long Uppy may take, on a busy machine.
	uppyTime = 3 * time.Minute
)

// TestUppy uploads files with Uppy, which continues by itself after its connections are cut, and after
// the server is killed and another one serves the same directory.
func TestUppy(t *testing.T) {
	sizes := map[string]int{"empty.bin": 0, "small.bin": 10, "even.bin": 4 * uppyPiece, "odd.bin": 5*uppyPiece + 1, "large.bin": 9_000_001}
	total := int64(0)
	for _, size := range sizes {
		total += int64(size)
	}
	for _, test := range []struct {
		name string
		// cuts has the bytes after which each of the first connections is cut.
		cuts []int64
		// kill has the bytes after which the server is killed, or 0.
		kill int64
	}{
		{"undisturbed", nil, 0},
		{"connections cut", []int64{2_500_000, 1_700_000, 1_300_000}, 0},
		{"server killed", nil, 3_000_000},
	} {
		t.Run(test.name, func(t *testing.T) {
			local, root := t.TempDir(), t.TempDir()
			create(t, local, sizes)
			flags := []string{"--http", "127.0.0.1:0", "--log-format", "json"}
			served := built.Serve(t, root, flags...)
			proxy, err := faultproxy.Listen(loggedHTTPAddress(t, served), func(connection int) (link faultproxy.Link) {
				if connection < len(test.cuts) {
					link.Up.CutAfter = &test.cuts[connection]
				}
				if test.kill > 0 {
					link.Up.BytesPerSecond = uppyPiece // so that much is left when the server is killed
				}
				return link
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = proxy.Close() })

			uppy := program.Start(t, nodeCommand(t, local, "uppy_client.js", "UNUSED=", append([]string{
				"http://" + proxy.Address() + "/uploads/", "uppy", strconv.Itoa(uppyPiece), strconv.Itoa(uppyFiles),
			}, paths(sizes)...)...))
			disturbances := int64(len(test.cuts))
			if test.kill > 0 {
				disturbances++
				ctx, cancel := context.WithTimeout(t.Context(), uppyTime)
				defer cancel()
				if err := proxy.Await(ctx, faultproxy.Up, test.kill); err != nil {
					t.Fatalf("%d bytes never reached the server: %v\n%s%s", test.kill, err, uppy.Out.String(), uppy.Err.String())
				}
				served.Kill()
				proxy.SetLinks(nil)
				proxy.SetServer(loggedHTTPAddress(t, built.Serve(t, root, flags...)))
			}
			code, output := uppy.Wait(t, uppyTime), uppy.Out.String()
			succeed(t, code, output+uppy.Err.String())
			check(t, filepath.Join(root, "uppy"), sizes)

			var uploaded, retried, asked int64
			if _, err := fmt.Sscanf(output, "uploaded %d, tried again %d, asked %d", &uploaded, &retried, &asked); err != nil {
				t.Fatalf("%v: %s", err, output)
			}
			if uploaded != int64(len(sizes)) || retried < disturbances || asked < disturbances || (disturbances == 0) != (retried == 0) {
				t.Errorf("it printed %s, want %d files and %d disturbances", output, len(sizes), disturbances)
			}
			// A disturbance costs at most the pieces on their way, of which Uppy has two.
			most := total + disturbances*uppyFiles*uppyPiece + uppyOverhead
			if passed := proxy.Passed(faultproxy.Up); passed > most {
				t.Errorf("%d bytes were sent for files of %d, want at most %d", passed, total, most)
			}
		})
	}
}
