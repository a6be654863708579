package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/tranship/tranship/cmd/tranship/internal/config"
)

// exampleFile is the example of the documentation.
const exampleFile = "../../docs/operate/server.yaml"

// serverCommand returns a fresh command with the flags of serve.
func serverCommand(t *testing.T, names ...string) *cobra.Command {
	t.Helper()
	cmd, _, err := newRoot(&globals{}).Find(names)
	if err != nil {
		t.Fatal(err)
	}
	cmd.InheritedFlags() // adds them
	return cmd
}

// keysOf returns the names of the flags that a configuration may set.
func keysOf(cmd *cobra.Command) map[string]bool {
	keys := map[string]bool{}
	for _, flag := range serverKeys(cmd) {
		keys[flag.Name] = true
	}
	return keys
}

// configFile writes a file of settings.
func configFile(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "server.yaml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// Serve, config check and config print have the same settings, and each flag of serve is one.
func TestConfigKeys(t *testing.T) {
	serve := serverCommand(t, "serve")
	keys := keysOf(serve)
	for _, name := range []string{"check", "print"} {
		if other := keysOf(serverCommand(t, "config", name)); !maps.Equal(keys, other) {
			t.Errorf("config %s: %v, and serve %v", name, other, keys)
		}
	}
	for line := range strings.Lines(serve.LocalFlags().FlagUsages()) {
		name := regexp.MustCompile(`--([a-z0-9-]+)`).FindStringSubmatch(line)
		if name != nil && strings.HasPrefix(strings.TrimSpace(line), "--") && !keys[name[1]] && name[1] != config.FileKey {
			t.Errorf("--%s is no setting", name[1])
		}
	}
}

// The example has every setting, and each of its values can be used.
func TestConfigExample(t *testing.T) {
	text, err := os.ReadFile(exampleFile)
	if err != nil {
		t.Fatal(err)
	}
	keys := keysOf(serverCommand(t, "serve"))
	setting := regexp.MustCompile(`(?m)^(?:# )?([a-z0-9-]+): .*$`)
	for _, line := range setting.FindAllStringSubmatch(string(text), -1) {
		if !keys[line[1]] {
			t.Errorf("%s is no setting, or is twice in the example", line[1])
		}
		delete(keys, line[1])
		cmd := serverCommand(t, "serve")
		if _, err := config.Load(serverKeys(cmd), config.Sources{File: configFile(t, strings.TrimPrefix(line[0], "# ")+"\n")}); err != nil {
			t.Error(err)
		}
	}
	for key := range keys {
		t.Errorf("the example lacks %s", key)
	}
	output(t, 0, "config", "check", "--config", configFile(t, string(text)))
}

// runWith runs the program with variables, and returns its exit code and what it prints.
func runWith(t *testing.T, variables []string, args ...string) (code int, out, err string) {
	t.Helper()
	cmd := built().Command(t.Context(), args...)
	cmd.Env = append(os.Environ(), variables...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	_ = cmd.Run()
	return cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()
}

// config print tells which value applies, and where it comes from.
func TestConfigPrint(t *testing.T) {
	t.Parallel()
	name := configFile(t, "root: /srv\nmax-uploads: 1\nmax-streams: 1\nbandwidth: 1MiB\n")
	code, out, text := runWith(t, []string{"TRANSHIP_CONFIG=" + name, "TRANSHIP_MAX_UPLOADS=2", "TRANSHIP_MAX_STREAMS=2", "TRANSHIP_MAX_UPLOAD=3"},
		"config", "print", "--json", "--max-streams", "3")
	if code != 0 || !strings.Contains(text, "TRANSHIP_MAX_UPLOAD: no setting has this variable; did you mean TRANSHIP_MAX_UPLOADS?") {
		t.Errorf("exit code %d: %s", code, text)
	}
	got := map[string]string{}
	for line := range strings.Lines(out) {
		var setting struct {
			Key    string
			Values []string
			Source string
		}
		if err := json.Unmarshal([]byte(line), &setting); err != nil {
			t.Fatal(err)
		}
		got[setting.Key] = strings.Join(setting.Values, ",") + " from " + setting.Source
	}
	for key, want := range map[string]string{
		"root": "/srv from " + name + ":1", "bandwidth": "1MiB from " + name + ":4", "max-uploads": "2 from environment TRANSHIP_MAX_UPLOADS",
		"max-streams": "3 from flag", "listen": "127.0.0.1:50051 from default", "policy": " from default",
	} {
		if got[key] != want {
			t.Errorf("%s: %q, want %q", key, got[key], want)
		}
	}
	// What it prints has the same values again.
	_, printed, _ := runWith(t, nil, "config", "print", "--config", name)
	_, again, _ := runWith(t, nil, "config", "print", "--config", configFile(t, printed))
	place := regexp.MustCompile(`  # .*`)
	if a, b := place.ReplaceAllString(printed, ""), place.ReplaceAllString(again, ""); a != b {
		t.Errorf("printed\n%s\nand then\n%s", a, b)
	}
}

// Each kind of mistake has its place, and the exit code of usage errors, from config check and
// from serve.
func TestConfigMistakes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name, text string, mode os.FileMode) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return name
	}
	policy := file("policy", "allow ann reed /\n", 0o600)
	root := "root: " + filepath.Join(dir, "root") + "\n"
	for _, test := range []struct {
		text      string
		variables []string
		args      []string
		want      []string
		// opens tells that serve finds the mistake later, when it opens the file.
		opens bool
	}{
		{text: root + "max-uplods: 5\n", want: []string{"FILE:2: max-uplods: there is no such key; did you mean max-uploads?"}},
		{text: root + "max-uploads: many\n", want: []string{`FILE:2: max-uploads: the value "many": it must be a whole number`}},
		{text: root + "max-uploads: -1\n", want: []string{"FILE:2: --max-uploads -1: it must not be negative"}},
		{text: root + "\nlist-page-size: 900\nlog-level: loud\n", want: []string{
			"FILE:3: --list-page-size 900: it must be from 1 to 256", "FILE:4: --log-level loud: it must be debug",
		}},
		{text: root + "tls-cert: x.pem\n", want: []string{"FILE:2: --tls-cert needs --tls-key"}},
		{text: root + "tls: self-signed\ntls-cert: x\ntls-key: x\n", want: []string{"FILE:2: --tls self-signed excludes"}},
		{text: root + "store: s3://b\n", want: []string{"FILE:1: --root and --store exclude each other"}},
		{text: root + "listen: 192.0.2.1:1\n", want: []string{"FILE:2: --listen 192.0.2.1:1: other machines could connect without encryption"}},
		{text: root, variables: []string{"TRANSHIP_MAX_UPLOADS=x"}, want: []string{"TRANSHIP_MAX_UPLOADS: max-uploads: the value"}},
		{text: root, args: []string{"--max-uploads", "-1"}, want: []string{"tranship: --max-uploads -1: it must not be negative"}},
		{text: root + "policy: " + policy + "\n", want: []string{"FILE:2: --policy: " + policy + ":1: \"reed\" is not an action"}, opens: true},
		{text: root + "tokens: none\n", want: []string{"FILE:2: --tokens: none: no such file"}, opens: true},
		{text: "root: " + policy + "\n", want: []string{"FILE:1: --root: " + policy + ": it is not a directory"}, opens: true},
		{text: root + "a: b: c\n", want: []string{"--config: FILE: yaml: line 2: "}},
		{text: "max-uploads: 5\n", want: []string{"tranship: --root is missing"}},
	} {
		name := configFile(t, test.text)
		for _, command := range [][]string{{"config", "check"}, {"serve"}} {
			if command[0] == "serve" && test.opens {
				continue
			}
			code, _, text := runWith(t, test.variables, slices.Concat(command, []string{"--config", name}, test.args)...)
			text = strings.ReplaceAll(text, name, "FILE")
			if code != 2 {
				t.Errorf("%q of %q: exit code %d", command, test.text, code)
			}
			for _, want := range test.want {
				if !strings.Contains(text, want) {
					t.Errorf("%q of %q: %s lacks %q", command, test.text, text, want)
				}
			}
		}
	}
}

// A server has the settings of its file and of the environment.
func TestServeConfig(t *testing.T) {
	t.Parallel()
	name := configFile(t, "max-file-size: 1KiB\nlog-level: error\nlog-format: json\n")
	cmd := built().Command(t.Context())
	cmd.Env = append(os.Environ(), "TRANSHIP_CONFIG="+name, "TRANSHIP_LOG_LEVEL=info")
	server, address, _ := serveProgram(t, cmd)
	server.err.Await(t, `"msg":"serving"`)
	source := filepath.Join(t.TempDir(), "source")
	if err := os.WriteFile(source, make([]byte, 2000), 0o600); err != nil {
		t.Fatal(err)
	}
	fails(t, 1, []string{"max-file-size"}, "cp", source, "grpc://"+address+"/a")
}

// The documentation lists the settings that SIGHUP changes.
func TestConfigLiveDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/operate/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(text), "<!-- live settings -->")
	list, _, found := strings.Cut(list, "<!-- end -->")
	if !found {
		t.Fatal("the list is missing")
	}
	documented := map[string]bool{}
	for _, name := range regexp.MustCompile("`([a-z-]+)`").FindAllStringSubmatch(list, -1) {
		documented[name[1]] = true
	}
	settings, err := config.Load(serverKeys(serverCommand(t, "serve")), config.Sources{})
	if err != nil {
		t.Fatal(err)
	}
	for setting := range settings.All() {
		if setting.Live != documented[setting.Key] {
			t.Errorf("%s: it can change is %v, and documented %v", setting.Key, setting.Live, documented[setting.Key])
		}
	}
}
