package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/cmd/tranship/internal/location"
)

// transportFlag is a flag: a client.Transport.
type transportFlag client.Transport

// transports returns the values of the flag.
func transports() []string {
	return []string{client.TransportAuto.String(), client.TransportLanes.String(), client.TransportGRPC.String()}
}

// Set implements pflag.Value.
func (f *transportFlag) Set(text string) error {
	for _, transport := range []client.Transport{client.TransportAuto, client.TransportLanes, client.TransportGRPC} {
		if text == transport.String() {
			*f = transportFlag(transport)
			return nil
		}
	}
	return errors.New("it must be auto, lanes or grpc")
}

// String implements pflag.Value.
func (f *transportFlag) String() string { return client.Transport(*f).String() }

// Type implements pflag.Value.
func (f *transportFlag) Type() string { return "transport" }

// transportFlag adds --transport to a command that connects, and those below it.
func (g *globals) transportFlag(cmd *cobra.Command) {
	cmd.PersistentFlags().Var(&g.transport, "transport", "what carries uploads and downloads: `auto|lanes|grpc`; auto means lanes where the server has them, and gRPC otherwise")
	completeValues(cmd, "transport", transports()...)
}

// notifyTransport returns what prints, with -v, which transport the files of a server use. Calls
// may use two in turn while lanes do not get through; that is printed once.
func (g *globals) notifyTransport(server location.Server) func(used client.Transport, reason error) {
	if !g.Verbose {
		return nil
	}
	printed := map[string]bool{}
	return func(_ client.Transport, reason error) {
		text := fmt.Sprintf("%s: files move on lanes", server)
		if reason != nil {
			text = fmt.Sprintf("%s: files move over gRPC: %v", server, reason)
		}
		if !printed[text] {
			printed[text] = true
			g.Notice(text)
		}
	}
}
