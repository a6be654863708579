package route_test

import (
	"net"
	"strings"
	"testing"

	"github.com/tranship/tranship/client/internal/route"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"files.example:50051":        "files.example:50051",
		"FILES.example:0443":         "files.example:443",
		"files.example.:1":           "files.example.:1",
		"my_host:1":                  "my_host:1",
		"bücher.example:1":           "xn--bcher-kva.example:1",
		"127.0.0.1:65535":            "127.0.0.1:65535",
		"0.0.0.0:1":                  "0.0.0.0:1",
		"[::]:1":                     "[::]:1",
		"[0:0::1]:1":                 "[::1]:1",
		"[::ffff:127.0.0.1]:1":       "[::ffff:127.0.0.1]:1",
		"[FE80::1%Eth0.7]:1":         "[fe80::1%Eth0.7]:1",
		"[fe80::1%25]:1":             "[fe80::1%25]:1", // interface 25
		":1":                         "localhost:1",
		strings.Repeat("a.", 200):    "",
		strings.Repeat("a", 64):      "",
		"":                           "",
		"h":                          "",
		"h:":                         "",
		"h:https":                    "",
		"h:0":                        "",
		"h:65536":                    "",
		"h:-1":                       "",
		"h:+1":                       "",
		"h :1":                       "",
		"a..b:1":                     "",
		"h%41:1":                     "",
		"h\x00:1":                    "",
		"\xff:1":                     "",
		"u@h:1":                      "",
		"h:1/a":                      "",
		"[h]:1":                      "",
		"[127.0.0.1]:1":              "",
		"[::1":                       "",
		"[::1]":                      "",
		"[::1]x:1":                   "",
		"[fe80::1%]:1":               "",
		"[fe80::1%a b]:1":            "",
		"[fe80::1%a#b]:1":            "",
		"[::ffff:127.0.0.1%eth0]:1":  "",
		"::1:1":                      "",
		"unix:/tmp/socket":           "",
		"unix:socket":                "",
		"xds:///files":               "",
		"a\u200db.example:1":         "",
		"dns:///files.example:50051": "",
	} {
		got, err := route.Parse(text)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v; want %q", text, got, err, want)
		}
	}
}

func TestParseURLHost(t *testing.T) {
	for text, want := range map[string]string{
		"[fe80::1%25eth0]:1":    "[fe80::1%eth0]:1",
		"[fe80::1%eth0]:1":      "[fe80::1%eth0]:1",
		"[fe80::1%25eth%2E7]:1": "[fe80::1%eth.7]:1",
		"[fe80::1%25]:1":        "",
		"[fe80::1%25%zz]:1":     "",
		"[fe80::1%25%2F]:1":     "",
		":1":                    "",
	} {
		got, err := route.ParseURLHost(text)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v; want %q", text, got, err, want)
		}
	}
}

func TestWithoutZone(t *testing.T) {
	for host, want := range map[string]string{"fe80::1%eth0": "fe80::1", "::1": "::1", "h": "h", "": ""} {
		if got := route.WithoutZone(host); got != want {
			t.Errorf("%q: %q, want %q", host, got, want)
		}
	}
}

// FuzzParse checks that what Parse returns is canonical, and that errors do not quote.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"h:1", "[fe80::1%25eth0]:050051", "bücher.example:1", ":1", "::1:1", "[::ffff:1.2.3.4]:2"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for name, parse := range map[string]func(string) (string, error){"Parse": route.Parse, "ParseURLHost": route.ParseURLHost} {
			address, err := parse(text)
			if err != nil {
				if address != "" {
					t.Errorf("%s(%q): %q and %v", name, text, address, err)
				}
				continue
			}
			if again, err := route.Parse(address); err != nil || again != address {
				t.Errorf("%s(%q) is %q, which is %q, %v", name, text, address, again, err)
			}
			if host, port, err := net.SplitHostPort(address); err != nil || host == "" || port == "" {
				t.Errorf("%s(%q) is %q: %v", name, text, address, err)
			}
		}
	})
}
