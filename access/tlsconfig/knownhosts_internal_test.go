package tlsconfig

import (
	"strings"
	"testing"
)

func TestKnownAddress(t *testing.T) {
	for address, want := range map[string]string{
		"files.example:1":       "files.example:1",
		"FILES.Example:1":       "files.example:1",
		"127.0.0.1:50051":       "127.0.0.1:50051",
		"[2001:DB8:0::1]:50051": "[2001:db8::1]:50051",
		"[::1]:1":               "[::1]:1",
		"[FE80::1%Eth0]:1":      "[fe80::1%Eth0]:1",
		"files.example":         "",
		"files.example:":        "",
		":1":                    "",
		"::1:1":                 "",
		"a b:1":                 "",
		"":                      "",
	} {
		got, err := knownAddress(address)
		if got != want || (err != nil) != (want == "") {
			t.Errorf("%q: %q, %v; want %q", address, got, err, want)
		}
	}
}

// FuzzParseKnownHosts checks that the hosts of every valid file are the same after they are
// written and parsed again.
func FuzzParseKnownHosts(f *testing.F) {
	fingerprint := "sha256:" + strings.Repeat("5a", 32)
	f.Add([]byte("# comment\n\nfiles.example:1 " + fingerprint + " comment\r\n[::1]:2\t" + strings.ToUpper(fingerprint)))
	f.Add([]byte("a:1"))
	f.Add([]byte("a:1 sha256:\n"))
	f.Add([]byte("[fe80::1%e\u0085th0]:1 " + fingerprint))
	f.Add([]byte("[#]:0 " + fingerprint)) // would be written as a comment
	f.Fuzz(func(t *testing.T, content []byte) {
		hosts, err := parseKnownHosts("file", content)
		if err != nil {
			if !strings.Contains(err.Error(), "file:") {
				t.Errorf("%v does not name the line", err)
			}
			return
		}
		lines := strings.Split(string(content), "\n")
		for i, host := range hosts {
			if i > 0 && host.Line <= hosts[i-1].Line || !strings.Contains(strings.ToLower(lines[host.Line-1]), host.Fingerprint.String()) {
				t.Errorf("entry %d is not from line %d", i, host.Line)
			}
			again, err := parseKnownHosts("file", []byte(host.Address+" "+host.Fingerprint.String()+"\n"))
			if err != nil || len(again) != 1 || again[0].Address != host.Address || again[0].Fingerprint != host.Fingerprint {
				t.Errorf("%+v reads as %+v, %v", host, again, err)
			}
		}
	})
}
