package linkemu

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

// Proxy listens on a free port of 127.0.0.1 and forwards connections over a link. It is
// safe for concurrent use.
type Proxy struct {
	listener net.Listener
	server   string
	// up is the direction to the server.
	up, down *line
	ctx      context.Context
	cancel   context.CancelFunc
	all      sync.WaitGroup
}

// Listen starts a proxy for the server at address, "host:port", with a link in each
// direction: up is from clients to the server.
func Listen(server string, up, down Link) (*Proxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{listener: listener, server: server, up: newLine(up), down: newLine(down)}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.all.Go(p.accept)
	return p, nil
}

// Address returns the address of the proxy, "host:port".
func (p *Proxy) Address() string { return p.listener.Addr().String() }

// Close cuts all connections, and returns after all goroutines of the proxy have ended.
func (p *Proxy) Close() error {
	p.cancel()
	err := p.listener.Close()
	p.all.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.all.Go(func() {
			server, err := net.Dial("tcp", p.server)
			if err != nil {
				_ = client.Close()
				return
			}
			p.pass(client, server)
		})
	}
}

// pass forwards one connection. It begins after the time in which a handshake would cross
// the link, and ends when both sides have ended or the proxy is closed.
func (p *Proxy) pass(client, server net.Conn) {
	ctx, ended := context.WithCancel(p.ctx)
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		<-ctx.Done()
		_ = client.Close()
		_ = server.Close()
	}()
	handshake := time.NewTimer(p.up.link.Delay + p.down.link.Delay)
	select {
	case <-handshake.C:
	case <-ctx.Done():
		handshake.Stop()
	}
	var both sync.WaitGroup
	both.Go(newPipe(p.up, client, server, ctx.Done()).run)
	both.Go(newPipe(p.down, server, client, ctx.Done()).run)
	both.Wait()
	ended()
	<-closed
}
