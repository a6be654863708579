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

// A file of known hosts has a line for each key of a server:
//
//	files.example:50051 sha256:7d5b…
//	[2001:db8::1]:50051 sha256:03ac…
//
// A server with several lines may have any of their keys. What follows the
// fingerprint is a comment, and so is a line that begins with '#'. The file is only
// ever added to, a line at a time; people take lines out.

// KnownHost is a line of such a file.
type KnownHost struct {
	// Address is the server's, "host:port", in the form of knownAddress.
	Address string
	// Fingerprint is its key's.
	Fingerprint Fingerprint
	// File and Line, counted from 1, say where that stands.
	File string
	Line int
}

// readKnownHosts reads a file. One that is not there knows nobody. A line that cannot be
// read is an error, for it may be the one that matters.
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
		bad := func(what string) error {
			return fmt.Errorf("known hosts: %s:%d: %s; correct or remove the line", name, number, what)
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

// knownAddress is the one form of an address in which it is looked up: host names in
// lower case, IP addresses as netip writes them.
func knownAddress(address string) (string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil || host == "" || port == "" || strings.Contains(host, "#") || strings.ContainsFunc(address, isSpace) {
		return "", fmt.Errorf("%q is not an address: it must be host:port, with IPv6 in brackets", address)
	}
	host = strings.ToLower(host)
	if ip, err := netip.ParseAddr(host); err == nil {
		host = ip.String()
	}
	return net.JoinHostPort(host, port), nil
}

func isSpace(r rune) bool { return strings.TrimSpace(string(r)) == "" }

// keysOf are the lines of one server.
func keysOf(hosts []KnownHost, address string) (keys []KnownHost) {
	for _, host := range hosts {
		if host.Address == address {
			keys = append(keys, host)
		}
	}
	return keys
}

// lockPatience is how long addKnownHost waits for other processes.
const lockPatience = 5 * time.Second

// addKnownHost adds a key of a server that has none in the file, unless another process
// has meanwhile added one. It returns the keys that the server has then.
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
	// One write of one short line: a reader sees all of it or nothing.
	if _, err := file.WriteString(line); err != nil {
		return nil, false, err
	}
	return []KnownHost{{Address: address, Fingerprint: fingerprint, File: name, Line: number}}, true, file.Sync()
}

// lock takes a file's lock, which ends when the file is closed.
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
		if time.Since(begun) > lockPatience {
			return fmt.Errorf("%s has been locked by another process for %v", file.Name(), lockPatience)
		}
	}
}
