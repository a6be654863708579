package client_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
)

func TestParseURL(t *testing.T) {
	for text, want := range map[string]client.URL{
		"grpc://h:1":                      {Address: "h:1", Directory: true, Contents: true},
		"GRPCS://h:1/":                    {TLS: true, Address: "h:1", Directory: true, Contents: true},
		"grpc://h:0080/a":                 {Address: "h:80", Path: "a"},
		"grpc://h:1/a%20b%2Fc%25%3F":      {Address: "h:1", Path: "a b/c%?"},
		"grpc://h:1/a/":                   {Address: "h:1", Path: "a", Directory: true},
		"grpc://h:1/a/.":                  {Address: "h:1", Path: "a", Directory: true, Contents: true},
		"grpc://[::1]:50051/a":            {Address: "[::1]:50051", Path: "a"},
		"grpcs://[fe80::1%25eth0]:50051/": {TLS: true, Address: "[fe80::1%eth0]:50051", Directory: true, Contents: true},
	} {
		got, err := client.ParseURL(text)
		if err != nil || got != want {
			t.Errorf("%q: %+v, %v; want %+v", text, got, err, want)
		}
		if again, err := client.ParseURL(got.String()); err != nil || again != got {
			t.Errorf("%q is written as %q, which is %+v, %v", text, got, again, err)
		}
		server, err := client.ParseURL(got.Server())
		if err != nil || server.Path != "" || server.Address != got.Address || server.TLS != got.TLS {
			t.Errorf("%q has the server %q, which is %+v, %v", text, got.Server(), server, err)
		}
	}
}

func TestParseURLRefuses(t *testing.T) {
	for text, rule := range map[string]string{
		"":                     "scheme",
		"h:1":                  "",
		"http://h:1/a":         "scheme",
		"grpc:h:1":             "host",
		"grpc://:1/a":          "host",
		"grpc://h/a":           "port is missing",
		"grpc://h:0/a":         "65535",
		"grpc://h:65536/a":     "65535",
		"grpc://::1:50051/a":   "brackets",
		"grpc://u:secret@h:1/": "user name",
		"grpc://h:1/a?b":       "%3F",
		"grpc://h:1/a?":        "%3F",
		"grpc://h:1/a#":        "%23",
		"grpc://h:1//":         "//",
		"grpc://h:1/../a":      "'..'",
		"grpc://h:1/.tranship": "reserved",
		"grpc://h:1/a%00":      "control",
		"grpc://h:1/%ff":       "UTF-8",
		"grpc://h:1/%zz":       "valid address",
	} {
		_, err := client.ParseURL(text)
		invalid, ok := errors.AsType[*tranship.InvalidError](err)
		if !ok || invalid.Field != "url" || !strings.Contains(invalid.Rule, rule) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v, want a rule about %s", text, err, rule)
		} else if strings.Contains(invalid.Rule, "invalid ") {
			t.Errorf("%q: %v names two fields", text, err)
		}
	}
}

// FuzzParseURL checks that ParseURL parses the String of a URL to the same URL.
func FuzzParseURL(f *testing.F) {
	for _, text := range []string{
		"grpc://h:1/a%20b/", "grpcs://[fe80::1%25eth0]:50051/a/.", "grpc://h:1//a", "grpc://ü:1/ü?#", "grpc://h:01/a:b@c",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		u, err := client.ParseURL(text)
		if err != nil {
			if !errors.Is(err, tranship.ErrInvalid) {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		if err := tranship.ValidateDirectory(u.Path); err != nil {
			t.Errorf("%q has the path %q: %v", text, u.Path, err)
		}
		if again, err := client.ParseURL(u.String()); err != nil || again != u {
			t.Errorf("%q is written as %q, which is %+v, %v", text, u.String(), again, err)
		}
	})
}
