package audit_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/store/audit"
)

// A call that fails before it reaches the store has one line, with the paths and upload
// that its message names.
func TestRefusedCall(t *testing.T) {
	var text bytes.Buffer
	log := audit.NewLog(&text, nil)
	ctx := access.NewContext(t.Context(), access.Principal{Name: "ann", Source: "token"})
	log.RefusedCall(ctx, "/tranship.v1.FileService/Move", "a\nb", "c", "", &tranship.InvalidError{Field: "path", Rule: "a rule"})
	log.RefusedCall(ctx, "/tranship.v1.FileService/AbortUpload", "", "", "id", errors.New("/srv/secret"))
	all := lines(t, text.Bytes())
	if len(all) != 2 || brief(all[0]) != "move invalid ann token a\nb c" || all[0]["method"] != "/tranship.v1.FileService/Move" ||
		brief(all[1]) != "abort_upload internal ann token" || all[1]["upload"] != "id" || all[1]["reason"] != "internal error" {
		t.Errorf("lines %v", all)
	}
	var none *audit.Log
	none.RefusedCall(ctx, "", "", "", "", io.EOF)
	none.Fail(ctx, "put", "", "", io.EOF)
	none.RefusedHandshake("", "")
	none.RefusedConnection("", "")
}

// Each kind of line that unauthenticated clients can cause, and refusals that are
// unavailable, have ten lines a second. The omitted lines are counted.
func TestLineBudgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var text bytes.Buffer
		log := audit.NewLog(&text, nil)
		limited := fmt.Errorf("%w: a limit", tranship.ErrUnavailable)
		const times = 100
		for range 2 {
			for range times {
				log.Refused("192.0.2.7:1", "no token")
				log.RefusedHandshake("192.0.2.7:1", "no TLS\n")
				log.RefusedConnection("192.0.2.7:1", "too many")
				log.Fail(t.Context(), "put", "path", "", limited)
			}
			time.Sleep(time.Second)
		}
		// Every refusal of an invalid request has a line.
		for range times {
			log.Fail(t.Context(), "put", strings.Repeat("p", 5000), "", &tranship.InvalidError{Field: "path"})
		}
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
		written, reported := map[any]int{}, map[any]int{}
		for _, line := range lines(t, text.Bytes()) {
			kind := line["action"]
			if line["result"] == "invalid" {
				kind = "invalid"
			}
			written[kind]++
			reported[kind]++
			if omitted, ok := line["left_out"].(float64); ok {
				reported[kind] += int(omitted)
			}
		}
		for _, kind := range []string{"authenticate", "handshake", "connect"} {
			// The last line only counts omitted lines.
			if written[kind] != 21 || reported[kind] != 2*times+1 {
				t.Errorf("%s: %d lines report %d, want 21 and %d", kind, written[kind], reported[kind], 2*times+1)
			}
		}
		if written["put"] != 20 || reported["put"]+reported["limit"] != 2*times+1 {
			t.Errorf("put: %d lines report %d", written["put"], reported["put"]+reported["limit"])
		}
		if written["invalid"] != times {
			t.Errorf("%d lines of %d refusals", written["invalid"], times)
		}
		if longest := len(text.Bytes()) / (times + 80); longest > 2000 {
			t.Errorf("lines have %d bytes", longest)
		}
	})
}
