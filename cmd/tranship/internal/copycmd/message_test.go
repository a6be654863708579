package copycmd

import (
	"fmt"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/cmd/tranship/internal/console"
	"github.com/tranship/tranship/cmd/tranship/internal/location"
	"github.com/tranship/tranship/internal/budget"
	"github.com/tranship/tranship/transfer"
)

func TestMessageOfResult(t *testing.T) {
	server := location.Server{Address: "host:1"}
	away := &console.ServerError{Server: server, Err: tranship.ErrUnavailable}
	absent := &tranship.PathError{Path: "a/b", Err: tranship.ErrNotFound}
	for _, test := range []struct {
		result transfer.Result
		want   string
	}{
		// Neither the address nor the path is on the line twice.
		{transfer.Result{Source: "grpc://host:1/a/b", Err: away}, "grpc://host:1/a/b: unavailable"},
		{transfer.Result{Source: "grpc://host:1/a/b", SourcePath: "a/b", Err: absent}, "grpc://host:1/a/b: not found"},
		{transfer.Result{Source: "./x", Path: "a/b", Err: absent}, "./x: not found"},
		// Another address or path is on it.
		{transfer.Result{Source: "grpc://host:2/a/b", Err: away}, "grpc://host:2/a/b: grpc://host:1: unavailable"},
		{transfer.Result{Source: "./x", Path: "b", Err: absent}, "./x: not found: a/b"},
		{transfer.Result{Source: "./x", Path: "a/b", Err: &budget.Error{Patience: time.Second, Err: absent}}, "./x: gave up after 1s without success: not found"},
		{transfer.Result{Source: "./x", Path: "a/b", Err: fmt.Errorf("%w: yet", absent)}, "./x: not found: a/b: yet"},
		{
			transfer.Result{Source: "./x", Path: "a/b", Err: &transfer.ResumableError{Err: &tranship.PathError{Path: "a/b", Err: tranship.ErrUnavailable}}},
			"./x: unavailable; run the same command again to resume",
		},
		{transfer.Result{Source: "./x", Err: &transfer.ResumableError{Err: tranship.ErrAborted}}, "./x: aborted"},
		{
			transfer.Result{Source: "./x", Err: &tranship.LimitError{Limit: tranship.LimitFileBytes, Rule: "x has 5 bytes"}},
			"./x: limit exceeded: x has 5 bytes (--max-file-size of tranship serve, or its policy)",
		},
	} {
		target := &Target{protocol: ProtocolTranship}
		if got := target.message(test.result); got != test.want {
			t.Errorf("%v: the message is %q, want %q", test.result.Err, got, test.want)
		}
	}
}
