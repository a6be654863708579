package doctor

import (
	"context"
	"errors"
	"fmt"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/wire"
)

// lanes reports whether files move on lanes, and what is in their way.
func (e *examination) lanes(ctx context.Context) {
	switch offered := e.info.GetLanes(); {
	case offered == nil:
		e.report(checkLanes, Note, "start the server without --no-lanes, and update it if it is old", "the server offers no lanes: files move over gRPC, which needs more processor time")
		return
	case offered.GetVersion() != wire.LaneVersion:
		e.report(checkLanes, Note, "update the client or the server", "the server offers lanes of version %d, and this client knows %d: files move over gRPC", offered.GetVersion(), wire.LaneVersion)
		return
	}
	// Ten attempts fit, at most.
	trying, cancel := context.WithTimeout(ctx, 2*e.Patience)
	defer cancel()
	options := e.Client
	options.Transport, options.DialOptions = client.TransportLanes, nil
	c, err := client.Dial(trying, e.URL, options)
	if err == nil {
		_ = c.Close()
		e.lanesWork = true
		e.report(checkLanes, Good, "", "files move on lanes, without HTTP/2")
		return
	}
	if _, blocked := errors.AsType[*client.LaneError](err); !blocked && trying.Err() == nil {
		e.problem(ctx, checkLanes, "connecting for lanes", err)
		return
	}
	why := err.Error()
	if blocked, ok := errors.AsType[*client.LaneError](err); ok {
		why = blocked.Err.Error()
	}
	between := "something between this machine and the server"
	if e.hop != "" {
		between = e.hop
	}
	e.report(checkLanes, Warning, "let it pass TLS or TCP through to the server (nginx: module stream; haproxy: mode tcp), or pass --transport grpc, which spares each client the attempt",
		"the server offers lanes, and %s does not pass them: files move over gRPC: %s", between, why)
}

// rights reports what the caller may see. Whether the caller may write, only Write shows.
func (e *examination) rights(ctx context.Context) {
	asking, cancel := context.WithTimeout(ctx, e.Patience)
	defer cancel()
	for _, err := range client.New(e.conn).List(asking, tranship.ListOptions{Directory: e.Path}) {
		if err != nil && !errors.Is(err, tranship.ErrNotFound) {
			e.problem(ctx, checkRights, fmt.Sprintf("listing %q", "/"+e.Path), e.Advise(err))
			return
		}
		break
	}
	e.report(checkRights, Good, "", "the caller may list %q", "/"+e.Path)
}
