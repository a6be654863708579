package audit_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/store/audit"
)

func TestAdministration(t *testing.T) {
	var out bytes.Buffer
	log := audit.NewLog(&out, nil)
	ctx := access.NewContext(t.Context(), access.Principal{Name: "ann", Source: "token"})
	log.Administered(ctx, audit.Administration{Action: "admin_abort_upload", Path: "a/b", Upload: "ID", Owner: "bob", Entries: -1}, nil)
	log.Administered(ctx, audit.Administration{Action: "admin_expire", DryRun: true, Entries: 3}, tranship.ErrUnavailable)
	log.Administered(ctx, audit.Administration{Action: "admin_cancel_transfer", Transfer: "X-1", Entries: -1}, tranship.ErrNotFound)
	log.Expired("a/b", "", "", "expire a after 1d", 7, nil)
	log.Expired("c", "ID", "bob", "uploads c expire after 1d", 8, tranship.ErrUnavailable)
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	want := []string{
		`"action":"admin_abort_upload","result":"ok","principal":"ann","source":"token","path":"a/b","upload":"ID","owner":"bob"}`,
		`"action":"admin_expire","result":"unavailable","principal":"ann","source":"token","entries":3,"dry_run":true}`,
		`"action":"admin_cancel_transfer","result":"not_found","principal":"ann","source":"token","transfer":"X-1"}`,
		`"action":"expire","result":"ok","source":"server","path":"a/b","bytes":7,"rule":"expire a after 1d"}`,
		`"action":"expire_upload","result":"unavailable","source":"server","path":"c","upload":"ID","owner":"bob","bytes":8,"rule":"uploads c expire after 1d"}`,
	}
	if len(lines) != len(want) {
		t.Fatalf("%q", lines)
	}
	for i, line := range lines {
		if !strings.HasSuffix(line, want[i]) {
			t.Errorf("%s\nwant …%s", line, want[i])
		}
	}
	(*audit.Log)(nil).Administered(ctx, audit.Administration{}, nil)
	(*audit.Log)(nil).Expired("a", "", "", "", 0, nil)
}
