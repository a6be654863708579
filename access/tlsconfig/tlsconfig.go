// Package tlsconfig makes the TLS configurations of a server and of its clients.
//
// A server's follows its files: certificates that are renewed, and authorities that
// change, count without a restart. A client's decides whether the server is the one
// that is meant: by authorities, by the fingerprint of its key, or by what a file of
// known hosts remembers, as ssh does.
//
// Both speak TLS 1.3 unless 1.2 is allowed, and never less. Cipher suites, curves,
// session tickets and their rotation are left to crypto/tls, which prefers what is
// fast on the machine.
package tlsconfig

import (
	"cmp"
	"crypto/tls"
	"fmt"
)

// DefaultMinVersion is the least version of TLS unless another is asked for.
const DefaultMinVersion = tls.VersionTLS13

// ParseVersion reads a least version of TLS, "1.2" or "1.3", into crypto/tls's number
// for it.
func ParseVersion(text string) (uint16, error) {
	switch text {
	case "1.2":
		return tls.VersionTLS12, nil
	case "1.3":
		return tls.VersionTLS13, nil
	}
	return 0, fmt.Errorf("%q is not a version of TLS to allow: it must be 1.2 or 1.3", text)
}

// minVersion is the least version that a configuration with this option takes.
func minVersion(option uint16) (uint16, error) {
	version := cmp.Or(option, DefaultMinVersion)
	if version != tls.VersionTLS12 && version != tls.VersionTLS13 {
		return 0, fmt.Errorf("%s is not a version of TLS to allow: it must be 1.2 or 1.3", tls.VersionName(version))
	}
	return version, nil
}

// protocols are those of ALPN: gRPC is HTTP/2.
func protocols() []string { return []string{"h2"} }
