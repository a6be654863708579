package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/tranship/tranship/cmd/tranship/internal/console"
)

// operatorsOf returns the URL of the listener for operators of a server that runs in this process.
func operatorsOf(t *testing.T, served *command) string {
	t.Helper()
	found := regexp.MustCompile(`msg="serving operators" address=(\S+)`).FindStringSubmatch(served.err.String())
	if found == nil {
		t.Fatalf("the log has no address: %s", served.err.String())
	}
	return "http://" + found[1]
}

// get returns the status and the text of a page, with a token unless it is empty.
func get(t *testing.T, url, token string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// awaitReady waits until the server is not ready because of a part; "" waits until it is ready.
func awaitReady(t *testing.T, operators, part string) {
	t.Helper()
	want, begins := http.StatusOK, "ok"
	if part != "" {
		want, begins = http.StatusServiceUnavailable, "not ready: "+part+": "
	}
	poll(t, begins, func() bool {
		status, text := get(t, operators+"/readyz", "")
		return status == want && strings.HasPrefix(text, begins)
	})
}

// TestAdmin checks that the metrics of a server count a copy over each transport, that readiness
// follows its files, and that profiles need their flag.
func TestAdmin(t *testing.T) {
	dir := t.TempDir()
	audit := filepath.Join(dir, "audit")
	tokens := filepath.Join(dir, "tokens")
	made, _ := output(t, 0, "token", "new", "--file", tokens, "--name", "alice", "--groups", "tranship-admin")
	token, source := filepath.Join(dir, "token"), filepath.Join(dir, "source")
	for name, content := range map[string]string{token: made, source: "content"} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	served, root, address := serveFor(ctx, t, "--tokens", tokens, "--audit-log", audit, "--admin", "127.0.0.1:0", "--admin-pprof")
	operators := operatorsOf(t, served)
	for _, transport := range []string{"grpc", "lanes"} {
		for _, args := range [][]string{{source, "grpc://" + address + "/" + transport}, {"grpc://" + address + "/" + transport, filepath.Join(dir, transport)}} {
			output(t, 0, append([]string{"cp", "--token-file", token, "--transport", transport}, args...)...)
		}
	}
	wanted := []string{
		`tranship_healthy{part="store"} 1`, `tranship_healthy{part="authentication"} 1`, `tranship_healthy{part="audit log"} 1`,
		"tranship_store_free_bytes ", "tranship_build_info{", "process_resident_memory_bytes ", "go_goroutines ",
	}
	for _, direction := range []string{"upload", "download"} {
		for _, transport := range []string{"grpc", "lanes"} {
			labels := fmt.Sprintf(`{direction="%s",protocol="tranship",transport="%s"}`, direction, transport)
			wanted = append(wanted, "tranship_files_total"+labels+" 1\n", "tranship_transfer_bytes_total"+labels+" 7\n")
		}
	}
	// An event waits a second for others.
	poll(t, "metrics of four copies", func() bool {
		_, text := get(t, operators+"/metrics", "")
		for _, want := range wanted {
			if !strings.Contains(text, want) {
				return false
			}
		}
		if strings.Contains(text, "alice") || strings.Contains(text, "source") {
			t.Errorf("the metrics name a principal or a path:\n%s", text)
		}
		return true
	})
	if status, text := get(t, operators+"/debug/pprof/goroutine?debug=1", ""); status != http.StatusOK {
		t.Errorf("profile: status %d: %s", status, text)
	}
	for _, lost := range []struct{ name, part string }{{tokens, "authentication"}, {root, "store"}} {
		if err := os.Rename(lost.name, lost.name+".away"); err != nil {
			t.Fatal(err)
		}
		awaitReady(t, operators, lost.part)
		awaitHealth(t, address, healthv1.HealthCheckResponse_NOT_SERVING)
		if status, _ := get(t, operators+"/healthz", ""); status != http.StatusOK {
			t.Errorf("without %s the process is not alive: status %d", lost.part, status)
		}
		if _, text := get(t, operators+"/metrics", ""); !strings.Contains(text, fmt.Sprintf("tranship_healthy{part=%q} 0", lost.part)) {
			t.Errorf("without %s the metrics say that it is healthy", lost.part)
		}
		if err := os.Rename(lost.name+".away", lost.name); err != nil {
			t.Fatal(err)
		}
		awaitReady(t, operators, "")
		awaitHealth(t, address, healthv1.HealthCheckResponse_SERVING)
	}
	stop()
	if code := <-served.code; code != 0 {
		t.Errorf("exit code %d: %s", code, served.err.String())
	}
	if _, err := http.Get(operators + "/healthz"); err == nil { //nolint:bodyclose,noctx // it must fail
		t.Error("the listener for operators has not ended")
	}
}

// TestAdminBeyondThisMachine checks that a listener on all addresses answers only health, and with
// --admin-insecure metrics for a token of the group.
func TestAdminBeyondThisMachine(t *testing.T) {
	tokens := filepath.Join(t.TempDir(), "tokens")
	made := map[string]string{}
	for _, group := range []string{"tranship-admin", "staff"} {
		text, _ := output(t, 0, "token", "new", "--file", tokens, "--name", "of-"+group, "--groups", group)
		made[group] = strings.TrimSpace(text)
	}
	for _, test := range []struct {
		flags []string
		// want are the statuses of metrics without a token, with one of each group.
		none, staff, admins int
	}{
		{nil, http.StatusForbidden, http.StatusForbidden, http.StatusForbidden},
		{[]string{"--admin-insecure"}, http.StatusUnauthorized, http.StatusForbidden, http.StatusOK},
		{[]string{"--admin-insecure", "--admin-group", "staff"}, http.StatusUnauthorized, http.StatusOK, http.StatusForbidden},
	} {
		ctx, stop := context.WithCancel(t.Context())
		served, _, _ := serveFor(ctx, t, append([]string{"--tokens", tokens, "--admin", "0.0.0.0:0"}, test.flags...)...)
		_, port, _ := strings.Cut(operatorsOf(t, served), "[::]:")
		operators := "http://127.0.0.1:" + port
		if port == "" {
			operators = strings.Replace(operatorsOf(t, served), "0.0.0.0", "127.0.0.1", 1)
		}
		for token, want := range map[string]int{"": test.none, made["staff"]: test.staff, made["tranship-admin"]: test.admins} {
			if status, text := get(t, operators+"/metrics", token); status != want {
				t.Errorf("%v: status %d, want %d: %s", test.flags, status, want, text)
			}
		}
		if status, text := get(t, operators+"/readyz", ""); status != http.StatusOK || text != "ok\n" {
			t.Errorf("%v: status %d, %q", test.flags, status, text)
		}
		stop()
		if code := <-served.code; code != 0 {
			t.Errorf("exit code %d: %s", code, served.err.String())
		}
	}
}

// TestAdminFlags checks the mistakes in the flags for operators.
func TestAdminFlags(t *testing.T) {
	for want, args := range map[string][]string{
		"--admin-insecure needs --admin":  {"--admin-insecure"},
		"--admin-pprof needs --admin":     {"--admin-pprof"},
		"--admin-group needs --admin":     {"--admin-group", "staff"},
		"it must be host:port":            {"--admin", "nine"},
		"needs --tokens or --oidc-issuer": {"--admin", ":0", "--admin-insecure"},
		"it must not be empty":            {"--admin", ":0", "--admin-group", ""},
	} {
		if _, text := output(t, console.ExitUsage, append([]string{"serve", "--root", t.TempDir()}, args...)...); !strings.Contains(text, want) {
			t.Errorf("%q: %s, want %q", args, text, want)
		}
	}
}
