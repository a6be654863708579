// Package tlsconfig makes the TLS configurations of a server and of its clients.
//
// The configuration of a server follows its files: renewed certificates and changed
// authorities take effect without a restart. The configuration of a client decides whether
// to trust the server: by authorities, by the fingerprint of the server's key, or by a file
// of known hosts, as ssh does.
//
// Both speak TLS 1.3, also TLS 1.2 if it is allowed, and no older version. They leave
// cipher suites, curves and session tickets to the defaults of crypto/tls.
package tlsconfig

import (
	"cmp"
	"crypto/tls"
	"fmt"
)

// DefaultMinVersion is the default minimum version of TLS.
const DefaultMinVersion = tls.VersionTLS13

// ParseVersion returns the minimum version of TLS that text names, "1.2" or "1.3", as the
// number that crypto/tls has for it.
func ParseVersion(text string) (uint16, error) {
	switch text {
	case "1.2":
		return tls.VersionTLS12, nil
	case "1.3":
		return tls.VersionTLS13, nil
	}
	return 0, fmt.Errorf("%q is not a supported minimum version of TLS: it must be 1.2 or 1.3", text)
}

// minVersion returns the minimum version for the value of an option.
func minVersion(option uint16) (uint16, error) {
	version := cmp.Or(option, DefaultMinVersion)
	if version != tls.VersionTLS12 && version != tls.VersionTLS13 {
		return 0, fmt.Errorf("%s is not a supported minimum version of TLS: it must be 1.2 or 1.3", tls.VersionName(version))
	}
	return version, nil
}

// protocols returns the protocols for ALPN: gRPC uses HTTP/2.
func protocols() []string { return []string{"h2"} }
