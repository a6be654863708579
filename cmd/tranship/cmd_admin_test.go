package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tranship/tranship/cmd/tranship/internal/console"
	"github.com/tranship/tranship/internal/testing/faultproxy"
)

// administeredServer serves to root, an administrator, and ann, who may do everything with files. It
// returns the root of the files, the address, that of a slow proxy before it, the audit log and the
// token files by principal.
func administeredServer(t *testing.T) (root, address, slow, log string, tokens map[string]string) {
	t.Helper()
	dir := t.TempDir()
	all, rules := filepath.Join(dir, "tokens"), filepath.Join(dir, "rules")
	log, tokens = filepath.Join(dir, "audit"), map[string]string{}
	for _, name := range []string{"root", "ann"} {
		token, _ := output(t, 0, "token", "new", "--file", all, "--name", name)
		tokens[name] = filepath.Join(dir, name)
		if err := os.WriteFile(tokens[name], []byte(token), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text := "allow root admin /\nallow ann read,write,delete,list /\nallow zoe read /\nexpire old after 30d\n"
	if err := os.WriteFile(rules, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, root, host := serveFor(t.Context(), t, "--tokens", all, "--policy", rules, "--audit-log", log)
	link := faultproxy.Faults{BytesPerSecond: 4 << 20}
	proxy, err := faultproxy.Listen(host, func(int) faultproxy.Link { return faultproxy.Link{Up: link, Down: link} })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = proxy.Close() })
	return root, "grpc://" + host, "grpc://" + proxy.Address(), log, tokens
}

// objects are the lines of JSON that a command prints.
func objects[Object any](t *testing.T, args ...string) (all []Object) {
	t.Helper()
	out, _ := output(t, 0, args...)
	for line := range strings.Lines(out) {
		var object Object
		if err := json.Unmarshal([]byte(line), &object); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		all = append(all, object)
	}
	return all
}

// An administrator sees what another principal copies, cancels it and removes what it has sent.
func TestAdministration(t *testing.T) {
	t.Parallel()
	root, server, slow, log, tokens := administeredServer(t)
	admin := func(args ...string) []string {
		return append(append([]string{"admin"}, args...), "--token-file", tokens["root"])
	}
	source := filepath.Join(t.TempDir(), "large")
	largeFile(t, source)
	first := startProgram(t, "cp", "--token-file", tokens["ann"], source, slow+"/a/large")
	var transfer console.TransferObject
	poll(t, "transfer that has moved bytes and is durable in part", func() bool {
		for _, transfer = range objects[console.TransferObject](t, admin("transfers", server+"/a", "--json")...) {
			uploads := objects[console.OwnedUploadObject](t, admin("uploads", server, "--json")...)
			if transfer.Bytes > 0 && len(uploads) == 1 && uploads[0].DurableBytes > 0 {
				return true
			}
		}
		return false
	})
	if transfer.Principal != "ann" || transfer.Direction != "upload" || transfer.Path != "a/large" || transfer.Size == nil || *transfer.Size != largeBytes ||
		transfer.Source != "token" || transfer.Peer == "" || transfer.Transport == "" || transfer.UploadID == "" {
		t.Errorf("%+v", transfer)
	}
	text, _ := output(t, 0, admin("transfers", server)...)
	if fields := strings.Fields(text); len(fields) != 9 || fields[0] != transfer.ID || fields[1] != "upload" || fields[2] != "ann" || fields[8] != "a/large" {
		t.Errorf("%q", text)
	}
	if text, _ := output(t, 0, admin("transfers", server+"/b")...); text != "" {
		t.Errorf("%q", text)
	}
	fails(t, 3, []string{"not found", "NONE"}, admin("cancel", server, "NONE")...)
	if text, _ := output(t, 0, admin("cancel", server, transfer.ID)...); !strings.HasPrefix(text, transfer.ID) {
		t.Errorf("%q", text)
	}
	if code := first.Code(); code != 1 {
		t.Errorf("the copy that was cancelled: exit code %d", code)
	}
	if text := first.err.String(); !strings.Contains(text, "administrator") {
		t.Errorf("%q", text)
	}
	uploads := objects[console.OwnedUploadObject](t, admin("uploads", server, "--json")...)
	if len(uploads) != 1 || uploads[0].Owner != "ann" || uploads[0].ID != transfer.UploadID || uploads[0].Size != largeBytes {
		t.Fatalf("%+v", uploads)
	}
	text, _ = output(t, 0, admin("uploads", server)...)
	if fields := strings.Fields(text); len(fields) != 7 || fields[1] != "ann" || fields[6] != "a/large" {
		t.Errorf("%q", text)
	}
	if usages := objects[console.UsageObject](t, admin("usage", server, "--json")...); len(usages) != 1 || usages[0].Principal != "ann" || usages[0].Uploads != 1 || usages[0].Bytes != nil {
		t.Errorf("%+v", usages)
	}
	if text, _ := output(t, 0, admin("usage", server)...); text != "ann - - - - 1 1000\n" {
		t.Errorf("%q", text)
	}
	output(t, 0, admin("abort", server, transfer.UploadID)...)
	if left := objects[console.OwnedUploadObject](t, admin("uploads", server, "--json")...); len(left) > 0 {
		t.Errorf("left: %+v", left)
	}
	if _, err := os.Stat(filepath.Join(root, "a", "large")); !os.IsNotExist(err) {
		t.Errorf("the file is there: %v", err)
	}
	lines, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"action":"admin_cancel_transfer","result":"ok","principal":"root"`, `"action":"admin_abort_upload","result":"ok","principal":"root"`, `"owner":"ann"`,
	} {
		if !strings.Contains(string(lines), want) {
			t.Errorf("the audit log lacks %s", want)
		}
	}
}

func TestAdministrationPrincipalsAndExpire(t *testing.T) {
	t.Parallel()
	root, server, _, _, tokens := administeredServer(t)
	if err := os.MkdirAll(filepath.Join(root, "old"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "old", "new"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, p := range objects[console.PrincipalObject](t, "admin", "principals", server, "--json", "--token-file", tokens["root"]) {
		text.WriteString(p.Name + " ")
		if called := p.Name == "root"; !p.Configured || (p.LastCall != nil) != called || (p.Source == "token") != called {
			t.Errorf("%+v", p)
		}
	}
	if text.String() != "ann root zoe " {
		t.Errorf("%q", text.String())
	}
	for _, args := range [][]string{{"--dry-run"}, {}} {
		if out, _ := output(t, 0, append([]string{"admin", "expire", server, "--token-file", tokens["root"]}, args...)...); out != "" {
			t.Errorf("%q", out)
		}
	}
	if _, err := os.Stat(filepath.Join(root, "old", "new")); err != nil {
		t.Error(err)
	}
}

// A principal without the right gets one error, with the exit code of a denied one.
func TestAdministrationDenied(t *testing.T) {
	t.Parallel()
	_, server, _, _, tokens := administeredServer(t)
	for _, args := range [][]string{
		{"transfers", server},
		{"uploads", server},
		{"usage", server},
		{"principals", server},
		{"expire", server},
		{"expire", "--dry-run", server},
		{"abort", server, "ID"},
		{"cancel", server, "ID"},
	} {
		fails(t, 4, []string{server, "ann", "may not administer"}, append(append([]string{"admin"}, args...), "--token-file", tokens["ann"])...)
	}
	_, _, alone := serveFor(t.Context(), t)
	fails(t, 4, []string{"anonymous", "may not administer"}, "admin", "usage", "grpc://"+alone)
	for _, args := range [][]string{{}, {"none"}, {"usage"}, {"abort", server}, {"usage", "s3://bucket"}, {"expire", server + "/old"}, {"usage", server + "/a"}} {
		output(t, 2, append([]string{"admin"}, args...)...)
	}
}
