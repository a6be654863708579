package tlsconfig

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tranship/tranship/internal/rootfs"
)

// KnownHost is a line of a file of known hosts, which has a line for each key of a server:
//
//	files.example:50051 sha256:7d5b…
//	[2001:db8::1]:50051 sha256:03ac…
//
// A server with several lines may have any of their keys. The text after the fingerprint
// is a comment, and so is a line that begins with '#'. This package only appends lines to
// the file; people remove them.
type KnownHost struct {
	// Address is the address of the server, "host:port", with the host in lower case and
	// an IP address in its canonical form, with its zone.
	Address string
	// Fingerprint is the fingerprint of the server's key.
	Fingerprint Fingerprint
	// File is the name of the file, and Line the number of the line, from 1.
	File string
	Line int
}

// readKnownHosts reads a file; one that does not exist has no lines. A malformed line is an
// error, because it may be the line of the server in question.
func readKnownHosts(name string) ([]KnownHost, error) {
	content, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("known hosts: %w", err)
	}
	return parseKnownHosts(name, content)
}

func parseKnownHosts(name string, content []byte) ([]KnownHost, error) {
	var hosts []KnownHost
	number := 0
	for line := range bytes.Lines(content) {
		number++
		fields := strings.Fields(string(line))
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		bad := func(reason string) error {
			return fmt.Errorf("known hosts: %s:%d: %s; correct or remove the line", name, number, reason)
		}
		address, err := knownAddress(fields[0])
		if err != nil {
			return nil, bad(err.Error())
		}
		if len(fields) < 2 {
			return nil, bad("the fingerprint is missing")
		}
		fingerprint, err := ParseFingerprint(fields[1])
		if err != nil {
			return nil, bad(err.Error())
		}
		hosts = append(hosts, KnownHost{Address: address, Fingerprint: fingerprint, File: name, Line: number})
	}
	return hosts, nil
}

// knownAddress returns the form of an address that lines are looked up by: host names in
// lower case, and IP addresses as netip formats them.
func knownAddress(address string) (string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil || host == "" || port == "" || strings.Contains(host, "#") || strings.ContainsFunc(address, isSpace) {
		return "", fmt.Errorf("%q is not an address: it must be host:port, with IPv6 in brackets", address)
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		host = ip.String() // with its zone: the same address on another link is another server
	} else {
		host = strings.ToLower(host)
	}
	return net.JoinHostPort(host, port), nil
}

func isSpace(r rune) bool { return strings.TrimSpace(string(r)) == "" }

// keysOf returns the lines of one server.
func keysOf(hosts []KnownHost, address string) (keys []KnownHost) {
	for _, host := range hosts {
		if host.Address == address {
			keys = append(keys, host)
		}
	}
	return keys
}

// lockTimeout is how long addKnownHost waits for other processes, which hold the lock while
// they write one line. It is shorter than the 5 s in which a client must connect, so that
// the client reports the lock and not its own timeout.
const lockTimeout = 3 * time.Second

// addKnownHost adds a key of a server to the file, unless the file has keys of the server
// because another process has added one. It returns the keys that the server has then.
func addKnownHost(name, address string, fingerprint Fingerprint) (keys []KnownHost, added bool, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("known hosts: %w", err)
		}
	}()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return nil, false, err
	}
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, false, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if err := lock(file); err != nil {
		return nil, false, err
	}
	content, err := io.ReadAll(file)
	if err != nil {
		return nil, false, err
	}
	hosts, err := parseKnownHosts(name, content)
	if err != nil {
		return nil, false, err
	}
	if keys := keysOf(hosts, address); len(keys) > 0 {
		return keys, false, nil
	}
	line := address + " " + fingerprint.String() + "\n"
	number := bytes.Count(content, []byte("\n")) + 1
	if len(content) > 0 && content[len(content)-1] != '\n' {
		line = "\n" + line
		number++
	}
	// One write of one short line: readers see either all of it or nothing.
	if _, err := file.WriteString(line); err != nil {
		return nil, false, err
	}
	return []KnownHost{{Address: address, Fingerprint: fingerprint, File: name, Line: number}}, true, file.Sync()
}

// lock locks a file until it is closed.
func lock(file *os.File) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for begun := time.Now(); ; <-tick.C {
		locked, err := rootfs.Lock(file)
		if err != nil {
			return fmt.Errorf("locking %s: %w", file.Name(), err)
		}
		if locked {
			return nil
		}
		if time.Since(begun) > lockTimeout {
			return fmt.Errorf("%s has been locked by another process for %v", file.Name(), lockTimeout)
		}
	}
}
