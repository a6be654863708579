package crash

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestHook checks that a server that is killed after a commit, and before its hook has accepted the
// event, delivers it when it runs again, with the same id.
func TestHook(t *testing.T) { overTransports(t, killBeforeDelivery) }

func killBeforeDelivery(t *testing.T, transport string) {
	type event struct{ ID, Type, Subject string }
	events := make(chan event)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var got event
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
			t.Error(err)
		}
		select {
		case events <- got:
		case <-r.Context().Done():
			return
		}
		if got.Subject == "killed" {
			<-r.Context().Done() // it never accepts the event
		}
	}))
	defer hook.Close()
	next := func() event {
		t.Helper()
		select {
		case got := <-events:
			return got
		case <-time.After(patience):
			t.Fatal("the hook was not told")
			return event{}
		}
	}
	flags := []string{"--hooks", "name=all url=" + hook.URL + " events=after-commit timeout=1m"}
	root, source := t.TempDir(), filepath.Join(t.TempDir(), "source")
	if err := os.WriteFile(source, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	first := startServer(t, root, flags...)
	start(t, "cp", transport, source, "grpc://"+first.address+"/killed").Succeeds(t, patience)
	told := next()
	if told.Type != "tranship.after-commit.v1" || told.Subject != "killed" {
		t.Errorf("the hook was told of %+v", told)
	}
	start(t, "cp", transport, source, "grpc://"+first.address+"/waiting").Succeeds(t, patience)
	first.Kill()
	second := startServer(t, root, flags...)
	defer second.Kill() // or the hook could not end
	if again := next(); again != told {
		t.Errorf("the hook was told of %+v, and then of %+v", told, again)
	}
}
