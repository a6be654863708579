package main

import (
	"context"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/cmd/tranship/internal/console"
	"github.com/tranship/tranship/cmd/tranship/internal/location"
)

// completionTimeout is how long a shell waits for the names on a server, at most, and
// completionNames how many it gets.
const (
	completionTimeout = 2 * time.Second
	completionNames   = 500
)

// completeLocations lets shells complete arguments that are locations. local allows files of
// this machine; most is the number of arguments that are locations, 0 means unlimited.
func (g *globals) completeLocations(cmd *cobra.Command, local bool, most int) {
	cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, text string) ([]string, cobra.ShellCompDirective) {
		switch {
		case most > 0 && len(args) >= most:
			return nil, cobra.ShellCompDirectiveNoFileComp
		case strings.HasPrefix(strings.ToLower(text), "grpc"), strings.HasPrefix(strings.ToLower(text), location.BucketScheme):
		case local:
			return nil, cobra.ShellCompDirectiveDefault
		default:
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		if !strings.Contains(text, "://") {
			if local {
				return nil, cobra.ShellCompDirectiveDefault
			}
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		ctx, stop := context.WithTimeout(cmd.Context(), completionTimeout)
		defer stop()
		names := make(chan []string, 1)
		// Reading a token file can block, whatever the context.
		go func() { names <- g.remoteNames(ctx, args, text) }()
		directive := cobra.ShellCompDirectiveNoFileComp
		select {
		case found := <-names:
			for _, name := range found {
				if strings.HasSuffix(name, "/") {
					directive |= cobra.ShellCompDirectiveNoSpace
				}
			}
			return found, directive
		case <-ctx.Done():
			return nil, directive
		}
	}
}

// remoteNames returns the locations that begin with text, of one server. It returns none if
// anything fails, and prints nothing. The server gets the credentials that the command with
// these arguments would send to it.
func (g *globals) remoteNames(ctx context.Context, args []string, text string) []string {
	g.Err = io.Discard
	slash := strings.LastIndexByte(text, '/')
	start, err := url.PathUnescape(text[slash+1:])
	if err != nil || g.tls.tofu { // --tofu would remember the key of the server
		return nil
	}
	locations, err := g.locations(append(args[:len(args):len(args)], text[:slash+1]))
	if err != nil {
		return nil
	}
	directory := locations[len(locations)-1]
	if directory.Kind != location.Remote {
		return nil
	}
	var remotes []location.Location
	for _, p := range locations {
		if p.Kind == location.Remote {
			remotes = append(remotes, p)
		}
	}
	if g.bind(remotes) != nil {
		return nil
	}
	store, closer, err := g.completionStore(ctx, directory.Server)
	if err != nil {
		return nil
	}
	defer func() { _ = closer.Close() }() // it was only read from
	return namesBelow(ctx, store, directory.Path, start, text)
}

// completionStore returns the client of a server or the store in a bucket. It tries once.
func (g *globals) completionStore(ctx context.Context, server location.Server) (tranship.Store, io.Closer, error) {
	connections := g.connections()
	if server.IsBucket() {
		return connections.open(ctx, server)
	}
	options, err := connections.options(server)
	if err != nil {
		return nil, nil, err
	}
	options.ConnectTimeout = min(options.ConnectTimeout, completionTimeout)
	native, err := client.Dial(ctx, server.URL(), options)
	return native, native, err
}

// namesBelow returns text with what follows start in the names of a directory's entries.
func namesBelow(ctx context.Context, store tranship.Reader, directory, start, text string) []string {
	prefix := start
	if directory != "" {
		prefix = directory + "/" + start
	}
	list := tranship.ListOptions{Directory: directory, Prefix: prefix, Limit: completionNames, ReportSkipped: true}
	var names []string
	for entry, err := range store.List(ctx, list) {
		if _, skipped := console.SkippedOf(err); skipped {
			continue
		}
		if err != nil {
			break
		}
		if rest, ok := strings.CutPrefix(entry.Key(), prefix); ok {
			names = append(names, text+escapeName(rest))
		}
	}
	return names
}

// escapeName percent-encodes a part of a path as client.URL does, and also the characters
// that a shell would interpret.
func escapeName(name string) string {
	escaped := (&url.URL{Path: name}).EscapedPath()
	return strings.NewReplacer("$", "%24", "&", "%26", ";", "%3B", "*", "%2A").Replace(escaped)
}
