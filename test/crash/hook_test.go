package crash

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/tranship/tranship/internal/testing/fakes3"
)

// TestHook checks that a server that is killed after a commit, and before its hook has accepted the
// event, delivers it when it runs again, with the same id.
func TestHook(t *testing.T) { overTransports(t, killBeforeDelivery) }

func killBeforeDelivery(t *testing.T, transport string) {
	root := t.TempDir()
	checkDelivery(t, transport, func(flags ...string) *server { return startServer(t, root, flags...) }, false)
}

// TestHookOfServers checks that of two servers over one bucket the other delivers the event.
func TestHookOfServers(t *testing.T) {
	t.Parallel() // it waits for the end of a lease
	endpoint := fakes3.New(fakes3.Options{}).Start(t)
	keys := func(cmd *exec.Cmd) {
		cmd.Env = append(cmd.Env, "AWS_ACCESS_KEY_ID=key", "AWS_SECRET_ACCESS_KEY=secret")
	}
	checkDelivery(t, "--transport=lanes", func(flags ...string) *server {
		s := built.ServeStore(t, keys, append([]string{"--store", "s3://bucket", "--s3-endpoint", endpoint, "--s3-path-style"}, flags...)...)
		return &server{&process{s.Process}, s.Address}
	}, true)
}

// event is what a hook is told of.
type event struct{ ID, Type, Subject string }

// checkDelivery kills a server that delivers. The other one runs before that, or is started later.
func checkDelivery(t *testing.T, transport string, serve func(flags ...string) *server, before bool) {
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
	timeout := "1m"
	if before { // a lease is at least three times as long
		timeout = "5s"
	}
	flags := []string{"--hooks", "name=all url=" + hook.URL + " events=after-commit timeout=" + timeout}
	source := filepath.Join(t.TempDir(), "source")
	if err := os.WriteFile(source, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	first := serve(flags...)
	var second *server
	if before {
		second = serve(flags...)
		defer second.Kill() // or the hook could not end
	}
	start(t, "cp", transport, source, "grpc://"+first.address+"/killed").Succeeds(t, patience)
	told := next()
	if told.Type != "tranship.after-commit.v1" || told.Subject != "killed" {
		t.Errorf("the hook was told of %+v", told)
	}
	start(t, "cp", transport, source, "grpc://"+first.address+"/waiting").Succeeds(t, patience)
	first.Kill()
	if !before {
		second = serve(flags...)
		defer second.Kill()
	}
	if again := next(); again != told {
		t.Errorf("the hook was told of %+v, and then of %+v", told, again)
	}
}
