package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// linkLocal returns a link-local address of this machine with its zone.
func linkLocal(t *testing.T) string {
	t.Helper()
	interfaces, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range interfaces {
		addresses, err := one.Addrs()
		if err != nil || one.Flags&net.FlagUp == 0 {
			continue
		}
		for _, address := range addresses {
			if prefix, ok := address.(*net.IPNet); ok && prefix.IP.To4() == nil && prefix.IP.IsLinkLocalUnicast() {
				return prefix.IP.String() + "%" + one.Name
			}
		}
	}
	t.Skip("this machine has no link-local IPv6 address")
	return ""
}

// A server and a client take an IPv6 address with a zone, in both forms of it: for
// listening, connecting with TLS, known hosts, and flags of one server.
func TestZone(t *testing.T) {
	host := linkLocal(t)
	dir := t.TempDir()
	local, hosts := filepath.Join(dir, "file"), filepath.Join(dir, "hosts")
	if err := os.WriteFile(local, []byte("text"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, root, address := serveFor(t.Context(), t, "--listen", "["+host+"]:0", "--tls", "self-signed", "--anonymous", "write")
	if !strings.HasPrefix(address, "["+host+"]:") {
		t.Fatalf("the ready file has %s", address)
	}
	encoded := strings.Replace(address, "%", "%25", 1)
	output(t, 0, "cp", "--tofu", "--known-hosts", hosts, local, "grpcs://"+encoded+"/a")
	output(t, 0, "cp", "--known-hosts", hosts, local, "grpcs://"+address+"/b")
	content, err := os.ReadFile(hosts)
	line := strings.Fields(string(content))
	if err != nil || len(line) != 2 || line[0] != address {
		t.Fatalf("known hosts are %q, %v", content, err)
	}
	for _, form := range []string{address, encoded, "grpcs://" + encoded} {
		output(t, 0, "stat", "--fingerprint", form+"="+line[1], "grpcs://"+encoded+"/a")
	}
	for _, name := range []string{"a", "b"} {
		sameContent(t, filepath.Join(root, name), []byte("text"))
	}
}

// Errors of addresses with a missing or unknown zone say so.
func TestZoneMissing(t *testing.T) {
	fails(t, 1, []string{`this machine has no network interface "nosuch"`}, "ls", "--connect-timeout", "200ms", "grpc://[fe80::1%25nosuch]:1/")
	fails(t, 1, []string{"a link-local address needs the zone of an interface"}, "ls", "--connect-timeout", "200ms", "grpc://[fe80::1]:1/")
	for url, rule := range map[string]string{
		"grpc://[fe80::1%25]:1/":  "the zone after '%' must be",
		"grpc://localhost:https/": "a port must be a number from 1 to 65535",
		"grpc://a..b:1/":          "each label of a host name",
	} {
		if _, text := output(t, 2, "ls", url); !strings.Contains(text, rule) {
			t.Errorf("%s: %s", url, text)
		}
	}
}
