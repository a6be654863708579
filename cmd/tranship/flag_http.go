package main

import (
	"fmt"
	"net"

	"github.com/spf13/cobra"

	"github.com/tranship/tranship/server"
)

// httpFlags are the flags of serve for browsers and programs that speak HTTP.
type httpFlags struct {
	address string
	// permitted is the address once it is permitted; nil without --http.
	permitted *net.TCPAddr
}

func (f *httpFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.address, "http", "", "`address` of a listener for browsers and curl, host:port, with the files at /files/ over HTTP or, with TLS, HTTPS")
}

func (f *httpFlags) enabled() bool { return f.address != "" }

// listen returns a listener at the permitted address; nil without --http.
func (f *httpFlags) listen() (net.Listener, error) {
	if f.permitted == nil {
		return nil, nil //nolint:nilnil // there is none, and that is no error
	}
	listener, err := net.ListenTCP("tcp", f.permitted)
	if err != nil {
		return nil, fmt.Errorf("--http %s: %w", f.address, err)
	}
	return server.HTTPListener{Listener: zonedListener{listener, f.permitted.Zone}}, nil
}
