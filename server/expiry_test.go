package server_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access/policy"
	adminv1 "github.com/tranship/tranship/proto/tranship/admin/v1"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/audit"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/store/quota"
)

// undated is a store that does not know when its files were changed.
type undated struct{ tranship.Store }

// An administrator removes what the policy lets expire. A dry run removes nothing. What was removed
// counts for no quota any more, and has a line in the audit log.
func TestExpire(t *testing.T) {
	store := &mem.Store{}
	var log lockedBuffer
	lines := policy.Expiries{{Line: 1, Path: "old", After: time.Nanosecond}, {Line: 2, Path: "in", Uploads: true, After: time.Nanosecond}}
	as := administered(t, store, server.Config{
		Policy: rulesOf(t, "allow root admin /\n"), Anonymous: server.AnonymousWrite, Audit: audit.NewLog(&log, nil),
		Expiries: func() policy.Expiries { return lines }, Quota: quota.Options{Count: true},
	})
	for _, path := range []string{"old/a", "old/d/b", "new/c"} {
		if _, err := store.Put(t.Context(), tranship.Spec{Path: path}, []byte("1234")); err != nil {
			t.Fatal(err)
		}
	}
	upload, err := store.Begin(t.Context(), tranship.Spec{Path: "in/d", Size: new(int64(7)), ResumeKey: "key", Owner: "ann"})
	if err == nil {
		err = upload.Detach(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	client := adminv1.NewAdminServiceClient(as("root"))
	expire := func(dryRun bool) (paths []string) {
		t.Helper()
		all, err := drained(client.Expire(testContext(t), &adminv1.ExpireRequest{DryRun: dryRun}))
		if err != nil {
			t.Fatal(err)
		}
		for _, message := range all {
			for _, expired := range message.GetExpired() {
				paths = append(paths, expired.GetPath())
				if expired.GetRule() == "" || expired.GetError() != "" || (expired.GetOwner() == "ann") != (expired.GetPath() == "in/d") {
					t.Errorf("%v", expired)
				}
			}
		}
		return paths
	}
	const want = "old/a old/d/b in/d"
	if got := strings.Join(expire(true), " "); got != want {
		t.Errorf("a dry run would remove %q", got)
	}
	if got := strings.Join(expire(false), " "); got != want {
		t.Errorf("removed %q", got)
	}
	if got := expire(false); len(got) > 0 {
		t.Errorf("removed once more: %q", got)
	}
	if _, err := store.Stat(t.Context(), "new/c"); err != nil {
		t.Error(err)
	}
	if _, err := store.Stat(t.Context(), "old/a"); !errors.Is(err, tranship.ErrNotFound) {
		t.Error(err)
	}
	text := log.String()
	for _, line := range []string{
		`"action":"expire","result":"ok","source":"server","path":"old/a","bytes":4,"rule":"expire old after`,
		`"action":"expire_upload","result":"ok","source":"server","path":"in/d"`, `"action":"admin_expire","result":"ok","principal":"root"`,
	} {
		if !strings.Contains(text, line) {
			t.Errorf("the audit log lacks %s: %s", line, text)
		}
	}
}

// A server refuses lines about files over a store that does not know their ages. Lines that come later
// fail when they are applied.
func TestExpiresWithoutDates(t *testing.T) {
	lines := policy.Expiries{{Line: 1, Path: "old", After: time.Hour}}
	config := server.Config{Store: undated{&mem.Store{}}, Anonymous: server.AnonymousWrite, Expiries: func() policy.Expiries { return lines }}
	_, err := server.New(t.Context(), config)
	if at, ok := errors.AsType[*server.ConfigError](err); !ok || at.Field != "Expiries" || !errors.Is(err, tranship.ErrUnsupported) {
		t.Errorf("%v", err)
	}
	later := policy.Expiries{}
	as := administered(t, undated{&mem.Store{}}, server.Config{
		Policy: rulesOf(t, "allow root admin /\n"), Anonymous: server.AnonymousWrite, Expiries: func() policy.Expiries { return later },
	})
	later = lines
	_, err = drained(adminv1.NewAdminServiceClient(as("root")).Expire(testContext(t), &adminv1.ExpireRequest{}))
	if status.Code(err) != codes.Unimplemented {
		t.Errorf("%v", err)
	}
}
