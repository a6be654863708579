package copycmd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/cmd/tranship/internal/console"
	"github.com/tranship/tranship/cmd/tranship/internal/location"
	"github.com/tranship/tranship/internal/budget"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/store/retry"
)

// stores is a Connector to the servers that are its keys. Other servers are unavailable.
type stores map[location.Server]*retry.Store

func (s stores) Store(_ context.Context, server location.Server) (*retry.Store, error) {
	if store, ok := s[server]; ok {
		return store, nil
	}
	return nil, fmt.Errorf("%s: %w", server, tranship.ErrUnavailable)
}

func (s stores) Lookup(ctx context.Context, p location.Location) (tranship.File, bool, error) {
	return Lookup(ctx, s[p.Server], p)
}

func (s stores) Conn(context.Context, location.Server) (*grpc.ClientConn, error) {
	return nil, errors.New("not implemented")
}

// lost is a store whose server stays unavailable.
type lost struct{ mem.Store }

func (*lost) Stat(context.Context, string) (tranship.File, error) {
	return tranship.File{}, &budget.Error{Patience: time.Second, Err: tranship.ErrUnavailable}
}

// The sources after the first of a server that cannot be reached are skipped.
func TestPlanEndsWithServer(t *testing.T) {
	servers := stores{}
	p := &plan{console: &console.Console{}, servers: servers, target: &Target{IsDirectory: true}, several: true}
	away, here := location.Server{Address: "away:1"}, location.Server{Address: "here:1"}
	content := &mem.Store{}
	servers[away] = retry.New(&lost{}, retry.Options{})
	servers[here] = retry.New(content, retry.Options{})
	var sources []location.Location
	for _, path := range []string{"a", "b", "c"} {
		for _, server := range []location.Server{away, here, {Address: "bad address"}} {
			sources = append(sources, location.Location{Arg: server.At(path), Kind: location.Remote, Server: server, Path: path})
		}
		if _, err := content.Put(t.Context(), tranship.Spec{Path: path}, nil); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for item, err := range p.items(t.Context(), sources) {
		got = append(got, fmt.Sprint(item.Name, " ", err == nil))
	}
	want := []string{"grpc://away:1/a false", "grpc://here:1/a true", "grpc://bad address/a false", "grpc://here:1/b true", "grpc://here:1/c true"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
