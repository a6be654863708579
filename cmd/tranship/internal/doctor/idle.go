package doctor

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/rpcstatus"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// leastSilence is the timeout of a proxy that Tranship's own calls outlast: three of the intervals
// of 5 s in which both ends send something.
const leastSilence = 15 * time.Second

// idle leaves a call and a connection idle, and returns what becomes of them.
func (e *examination) idle(ctx context.Context) []Finding {
	if e.Idle <= 0 {
		return []Finding{{Check: checkIdle, Level: Note, Text: "timeouts of idle calls and connections: not examined", Advice: "pass --idle 70s to wait for the usual ones"}}
	}
	var call, connection Finding
	var both sync.WaitGroup
	both.Go(func() { call = e.idleCall(ctx) })
	both.Go(func() { connection = e.idleConnection(ctx) })
	both.Wait()
	return []Finding{call, connection}
}

// idleCall makes a call in which neither end sends anything.
func (e *examination) idleCall(ctx context.Context) Finding {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	conn, err := client.DialConn(ctx, e.URL, e.Client)
	if err != nil {
		return Finding{Check: checkIdle, Level: Problem, Text: "a connection for an idle call: " + err.Error(), Err: err}
	}
	defer conn.Close()
	begun := e.Now()
	stream, err := transhipv1.NewFileServiceClient(conn).Upload(ctx)
	ended := make(chan error, 1)
	if err == nil {
		go func() {
			_, err := stream.Recv()
			ended <- err
		}()
		timer := time.NewTimer(e.Idle)
		defer timer.Stop()
		select {
		case err = <-ended:
		case <-timer.C:
			return Finding{Check: checkIdle, Level: Good, Text: fmt.Sprintf("a call in which nothing moved for %v stayed open", e.Idle)}
		}
	}
	lasted := round(e.Now().Sub(begun))
	if ctx.Err() != nil {
		return Finding{Check: checkIdle, Level: Warning, Text: fmt.Sprintf("an idle call was watched for only %v", lasted), Advice: "allow more time"}
	}
	why := translated(err)
	text, advice := explain(why)
	if advice == "" || e.hop != "" {
		advice = e.advice(silenceLimit)
	}
	found := Finding{Check: checkIdle, Level: Note, Advice: advice, Text: fmt.Sprintf(
		"a call in which nothing moved was ended after %v: %s; Tranship's own calls send something every 5 s, but those of filesrv and filetransfer may pause longer", lasted, text)}
	switch {
	case rpcstatus.IsOurs(err):
		found.Advice = "at the server: --idle-timeout"
	case lasted < leastSilence:
		found.Level, found.Err = Problem, why
		found.Text = fmt.Sprintf("a call in which nothing moved was ended after %v: %s; it needs %v", lasted, text, leastSilence)
	}
	return found
}

// idleConnection leaves a connection idle, and sends a ping afterwards.
func (e *examination) idleConnection(ctx context.Context) Finding {
	if e.isTunneled || len(e.addresses) == 0 {
		return Finding{Check: checkIdle, Level: Note, Text: "idle connections: not examined: they go through a proxy of the environment"}
	}
	failed := func(err error) Finding {
		return Finding{Check: checkIdle, Level: Problem, Text: "a connection that is to be idle: " + err.Error(), Err: err}
	}
	dialing, cancel := context.WithTimeout(ctx, e.Patience)
	defer cancel()
	l, err := e.dialLink(dialing)
	if err != nil {
		return failed(err)
	}
	defer l.conn.Close()
	if _, err := l.ping(dialing, defaultTerms()); err != nil {
		return failed(err)
	}
	timer := time.NewTimer(e.Idle)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return Finding{Check: checkIdle, Level: Warning, Text: "an idle connection was not watched until the end", Advice: "allow more time"}
	}
	switch _, err := l.ping(ctx, defaultTerms()); {
	case err == nil:
		return Finding{Check: checkIdle, Level: Good, Text: fmt.Sprintf("a connection that was idle for %v still works", e.Idle)}
	case errors.Is(err, errGoingAway):
		return Finding{Check: checkIdle, Level: Note, Text: fmt.Sprintf("a connection that was idle for %v was closed by the other end: clients connect again by themselves", e.Idle), Advice: e.advice(connectionLimit)}
	default:
		return Finding{
			Check: checkIdle, Level: Problem, Err: err,
			Text:   fmt.Sprintf("a connection that was idle for %v is dead, and neither end was told: %v", e.Idle, err),
			Advice: "a firewall or a balancer forgets idle connections: let it keep them longer than the interval of TCP keepalive",
		}
	}
}
