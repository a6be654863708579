package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"time"
)

// freePort returns a free port of this machine, for servers that cannot choose one
// themselves.
func freePort() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err == nil {
		err = listener.Close()
	}
	return port, err
}

// startListening starts a server, and returns when it listens on the port.
func startListening(ctx context.Context, c command, port string) (*service, error) {
	p, err := c.start(ctx)
	if err != nil {
		return nil, err
	}
	address := net.JoinHostPort("127.0.0.1", port)
	err = p.await(ctx, func() bool {
		conn, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
	if err != nil {
		p.stop()
		return nil, err
	}
	return &service{process: p, address: address}, nil
}

// program returns the path of the first installed program among names, which are names or
// absolute paths; "" if none is.
func program(names ...string) string {
	for _, name := range names {
		if found, err := exec.LookPath(name); err == nil {
			return found
		}
	}
	return ""
}

// writeConfig writes a configuration file from a template in which each {word} is
// replaced.
func writeConfig(name, template string, words map[string]string) error {
	for word, value := range words {
		template = strings.ReplaceAll(template, "{"+word+"}", value)
	}
	return os.WriteFile(name, []byte(template), 0o600)
}

// missing returns the reason that a program is not installed.
func missing(what string) string {
	return fmt.Sprintf("%s is not installed: tools/bench-setup.sh", what)
}
