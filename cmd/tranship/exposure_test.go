package main

import (
	"errors"
	"strings"
	"testing"
)

func TestExposure(t *testing.T) {
	for _, test := range []struct {
		name     string
		exposure exposure
		want     anonymousFlag
		refused  string
	}{
		{"this machine", exposure{loopback: true}, anonymousWrite, ""},
		{"this machine, as said", exposure{loopback: true, anonymous: anonymousRead}, anonymousRead, ""},
		{"this machine, with identities", exposure{loopback: true, authenticated: true}, "", ""},
		{"this machine, with identities and as said", exposure{loopback: true, authenticated: true, anonymous: anonymousRead}, anonymousRead, ""},
		{"all closed", exposure{encrypted: true, authenticated: true}, "", ""},
		{"identities and a public", exposure{encrypted: true, authenticated: true, anonymous: anonymousRead}, anonymousRead, ""},
		{"public", exposure{encrypted: true, anonymous: anonymousWrite}, anonymousWrite, ""},
		{"plaintext as said", exposure{insecure: true, anonymous: anonymousWrite}, anonymousWrite, ""},
		{"plaintext with identities", exposure{insecure: true, authenticated: true}, "", ""},

		{"nothing said", exposure{}, "", "--insecure"},
		{"anonymous, but plaintext", exposure{anonymous: anonymousWrite}, "", "--insecure"},
		{"identities, but plaintext", exposure{authenticated: true}, "", "--insecure"},
		{"encrypted, but anybody", exposure{encrypted: true}, "", "--anonymous"},
		{"insecure, and anybody", exposure{insecure: true}, "", "--anonymous"},
	} {
		test.exposure.listen = ":7"
		got, err := test.exposure.permit()
		if got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
		if test.refused == "" && err != nil || test.refused != "" && (err == nil || !errors.Is(err, errUsage) || !strings.Contains(err.Error(), test.refused)) {
			t.Errorf("%s: %v, want %q", test.name, err, test.refused)
		}
	}
}
