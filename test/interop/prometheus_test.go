package interop

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tranship/tranship/internal/testing/program"
)

// The files for Prometheus and Grafana that this repository publishes.
const (
	rulesFile     = "../../deploy/prometheus/tranship.rules.yml"
	rulesTest     = "../../deploy/prometheus/tranship.rules.test.yml"
	dashboardFile = "../../deploy/grafana/tranship.json"
)

// promtool runs promtool, which must succeed.
func promtool(t *testing.T, dir string, in io.Reader, args ...string) {
	t.Helper()
	path, err := exec.LookPath("promtool")
	if err != nil {
		missing(t, "promtool is not installed")
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Dir, cmd.Stdin = dir, in
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("promtool %q: %v\n%s", args, err, output)
	}
}

// loggedAddress returns the address that a process has logged after prefix.
func loggedAddress(t *testing.T, p *program.Process, prefix string) string {
	t.Helper()
	pattern := regexp.MustCompile(regexp.QuoteMeta(prefix) + `(127\.0\.0\.1:\d+)`)
	p.Err.AwaitMatch(t, pattern)
	return pattern.FindStringSubmatch(p.Err.String())[1]
}

// within fails unless something holds within two minutes.
func within(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for begun := time.Now(); !holds(); <-tick.C {
		if time.Since(begun) > 2*time.Minute {
			t.Fatalf("no %s", what)
		}
	}
}

// answer gets a page.
func answer(t *testing.T, address string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: status %d, %v: %s", address, response.StatusCode, err, text)
	}
	return string(text)
}

// prometheus runs Prometheus with the rules of this repository until the test ends. It scrapes
// operators every second, as the job tranship.
func prometheus(t *testing.T, operators string) (base string) {
	t.Helper()
	path, err := exec.LookPath("prometheus")
	if err != nil {
		missing(t, "prometheus is not installed")
	}
	rules, err := filepath.Abs(rulesFile)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	config := filepath.Join(dir, "prometheus.yml")
	text := fmt.Sprintf("global: {scrape_interval: 1s, evaluation_interval: 1s}\nrule_files: [%q]\n"+
		"scrape_configs: [{job_name: tranship, static_configs: [{targets: [%q]}]}]\n", rules, operators)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	promtool(t, dir, nil, "check", "config", config)
	p := program.Start(t, exec.Command(path, "--config.file", config, "--storage.tsdb.path", filepath.Join(dir, "data"), "--web.listen-address", "127.0.0.1:0"))
	stopsWell(t, p)
	base = "http://" + loggedAddress(t, p, `msg="Listening on" address=`)
	within(t, "ready Prometheus", func() bool {
		response, err := http.Get(base + "/-/ready") //nolint:noctx // it is polled
		if err != nil {
			return false
		}
		_ = response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
	return base
}

// queries returns the queries of the dashboard by the title of their panel, with its variables
// replaced.
func queries(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile(dashboardFile)
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &dashboard); err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	for _, panel := range dashboard.Panels {
		for _, target := range panel.Targets {
			query := strings.NewReplacer("$instance", ".*", "$__rate_interval", "1m").Replace(target.Expr)
			if strings.Contains(query, "$") {
				t.Errorf("%s has an unknown variable: %s", panel.Title, query)
			}
			found[panel.Title] = append(found[panel.Title], query)
		}
	}
	if len(found) == 0 {
		t.Fatal("the dashboard has no queries")
	}
	return found
}

// TestPrometheus checks the metrics of a server with the real Prometheus: their names and types,
// the rules, and that each query of the dashboard has results.
func TestPrometheus(t *testing.T) {
	promtool(t, filepath.Dir(rulesFile), nil, "check", "rules", filepath.Base(rulesFile))
	promtool(t, filepath.Dir(rulesTest), nil, "test", "rules", filepath.Base(rulesTest))
	server := built.Serve(t, t.TempDir(), "--admin", "127.0.0.1:0", "--max-file-size", "3MiB", "--quota-bytes", "1GiB")
	stopsWell(t, server.Process)
	operators := loggedAddress(t, server.Process, `msg="serving operators" address=`)
	base := prometheus(t, operators)

	dir := t.TempDir()
	for name, size := range map[string]int{"tree/a": 10, "tree/b": 20, "large": 2 << 20, "toolarge": 4 << 20} {
		create(t, dir, map[string]int{name: size})
	}
	remote := "grpc://" + server.Address + "/"
	for _, step := range []struct {
		code int
		args []string
	}{
		{0, []string{"cp", "-r", "tree", remote + "tree"}},
		{0, []string{"cp", "--transport", "grpc", "large", remote + "large"}},
		{0, []string{"cp", "-r", remote + "tree", "back"}},
		{0, []string{"cp", "--protocol", "filesrv", remote + "large", "large.back"}},
		{1, []string{"cp", "toolarge", remote + "toolarge"}},
	} {
		if code, output := tranship(t, dir, step.args...); (code == 0) != (step.code == 0) {
			t.Fatalf("%q: exit code %d: %s", step.args, code, output)
		}
	}
	metrics := answer(t, "http://"+operators+"/metrics")
	promtool(t, dir, strings.NewReader(metrics), "check", "metrics")
	for title, all := range queries(t) {
		for _, query := range all {
			within(t, "result for "+title+": "+query, func() bool {
				var reply struct {
					Status string
					Data   struct{ Result []json.RawMessage }
				}
				text := answer(t, base+"/api/v1/query?"+url.Values{"query": {query}}.Encode())
				if err := json.Unmarshal([]byte(text), &reply); err != nil || reply.Status != "success" {
					t.Fatalf("%s: %v: %s", query, err, text)
				}
				return len(reply.Data.Result) > 0
			})
		}
	}
	for _, rule := range rulesOf(t, base) {
		if rule.Health != "ok" || rule.LastError != "" || rule.State == "firing" {
			t.Errorf("rule %s is %s, %s: %s", rule.Name, rule.Health, rule.State, rule.LastError)
		}
	}
}

// rule is a rule as Prometheus has it.
type rule struct{ Name, Health, State, LastError string }

// rulesOf returns the rules when all were evaluated.
func rulesOf(t *testing.T, base string) (rules []rule) {
	t.Helper()
	within(t, "evaluation of the rules", func() bool {
		var reply struct {
			Data struct{ Groups []struct{ Rules []rule } }
		}
		if err := json.Unmarshal([]byte(answer(t, base+"/api/v1/rules")), &reply); err != nil {
			t.Fatal(err)
		}
		rules = nil
		for _, group := range reply.Data.Groups {
			for _, rule := range group.Rules {
				if rule.Health == "unknown" {
					return false
				}
				rules = append(rules, rule)
			}
		}
		return len(rules) > 0
	})
	return rules
}
