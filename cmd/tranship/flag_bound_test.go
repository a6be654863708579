package main

import (
	"strings"
	"testing"

	"github.com/tranship/tranship/cmd/tranship/internal/console"
	"github.com/tranship/tranship/cmd/tranship/internal/location"
)

func TestCutAddress(t *testing.T) {
	for text, want := range map[string]string{
		"a.example:1=file":            "a.example:1 file",
		"A.Example:01=file":           "a.example:1 file",
		"grpc://a.example:1=file":     "a.example:1 file",
		"GRPCS://a.example:1/=file":   "a.example:1 file",
		"[::1]:1=file":                "[::1]:1 file",
		"[0:0:0:0:0:0:0:1]:1=file":    "[::1]:1 file",
		"[fe80::1%Eth0]:1=file":       "[fe80::1%Eth0]:1 file",
		"grpc://[fe80::1%25e]:1=file": "[fe80::1%e]:1 file",
		"Bücher.example:1=file":       "xn--bcher-kva.example:1 file",
		"127.0.0.1:1=a=b":             "127.0.0.1:1 a=b",
		"a:65535=":                    "a:65535 ",
		"file":                        "",
		"file=1":                      "",
		"./a:1=file":                  "",
		"dir/a:1=file":                "",
		"a:0=file":                    "",
		"a:65536=file":                "",
		"a:b=file":                    "",
		":1=file":                     "",
		"::1=file":                    "",
		`C:\tokens\a=b`:               "",
		"http://a.example:1=file":     "",
		"grpc://a.example:1/dir=file": "",
	} {
		address, value, bound := cutAddress(text)
		got := ""
		if bound {
			got = address + " " + value
		} else if value != text {
			t.Errorf("%s: the value is %q", text, value)
		}
		if got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestBoundValues(t *testing.T) {
	a, b, c := location.Server{Address: "a.example:1"}, location.Server{TLS: true, Address: "b.example:1"}, location.Server{Address: "127.0.0.1:1"}
	for _, test := range []struct {
		name    string
		values  []string
		servers []location.Server
		// want has the value of each server; fails is the expected error instead.
		want  []string
		fails string
	}{
		{"none", nil, []location.Server{a, b}, []string{"", ""}, ""},
		{"one for one", []string{"f"}, []location.Server{a, a}, []string{"f", "f"}, ""},
		{"the last counts", []string{"f", "g"}, []location.Server{a}, []string{"g"}, ""},
		{"one for two", []string{"f"}, []location.Server{a, b}, nil, "the value is for one server, but the command has grpc://a.example:1 and grpcs://b.example:1: pass --flag ADDRESS=FILE"},
		{"one for each", []string{"a.example:1=f", "b.example:1=g"}, []location.Server{a, b}, []string{"f", "g"}, ""},
		{"one of two", []string{"a.example:1=f"}, []location.Server{a, b}, []string{"f", ""}, ""},
		{"one of two, and one for the other", []string{"a.example:1=f", "g"}, []location.Server{a, b}, []string{"f", "g"}, ""},
		{"one of three, and one for the others", []string{"a.example:1=f", "g"}, []location.Server{a, b, c}, nil, "the command has grpcs://b.example:1 and grpc://127.0.0.1:1"},
		{"another case", []string{"A.EXAMPLE:1=f"}, []location.Server{{Address: "a.Example:1"}}, []string{"f"}, ""},
		{"a zone", []string{"[fe80::1%25Eth0]:1=f", "[fe80::1%25eth1]:1=g"}, []location.Server{{Address: "[fe80::1%Eth0]:1"}, {Address: "[fe80::1%eth1]:1"}}, []string{"f", "g"}, ""},
		{"both ways to one address", []string{"f"}, []location.Server{a, {TLS: true, Address: a.Address}}, []string{"f", "f"}, ""},
		{"two names of one machine", []string{"f"}, []location.Server{c, {Address: "localhost:1"}}, nil, "the value is for one server"},
		{"two ports", []string{"f"}, []location.Server{c, {Address: "127.0.0.1:2"}}, nil, "the value is for one server"},
		{"another server's", []string{"c.example:1=f"}, []location.Server{a}, nil, "no location of this command is at c.example:1"},
		{"no server", []string{"f"}, nil, nil, ""},
	} {
		values := boundValues{name: "--flag", what: "FILE"}
		for _, value := range test.values {
			if err := values.Set(value); err != nil {
				t.Fatal(err)
			}
		}
		for _, server := range test.servers {
			if values.unaddressed != "" && values.valueFor(server) == values.unaddressed {
				t.Errorf("%s: %v gets the value before bind", test.name, server)
			}
		}
		err := values.bind(test.servers)
		if test.fails != "" {
			if err == nil || !strings.Contains(err.Error(), test.fails) || console.ExitCode(err) != console.ExitUsage {
				t.Errorf("%s: %v", test.name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		for i, server := range test.servers {
			if got := values.valueFor(server); got != test.want[i] {
				t.Errorf("%s: %v gets %q, want %q", test.name, server, got, test.want[i])
			}
		}
	}
	if err := new(boundValues).Set("a.example:1="); err == nil {
		t.Error("Set accepts an address without a value")
	}
}
