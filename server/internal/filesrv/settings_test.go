package filesrv_test

import (
	"sync/atomic"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/experimental"
	grpcmem "google.golang.org/grpc/mem"

	"github.com/tranship/tranship/server"
)

const mebibyte = 1 << 20

// onBoth runs a test on a server with our settings, and on one with none. Whatever
// buffers the server takes, it has given back when it has stopped.
func onBoth(t *testing.T, test func(t *testing.T, options []grpc.ServerOption)) {
	for name, options := range map[string][]grpc.ServerOption{"ours": server.GRPCOptions(server.Config{}), "plain": nil} {
		t.Run(name, func(t *testing.T) {
			pool := new(countingPool)
			t.Cleanup(func() {
				if live := pool.live.Load(); live != 0 {
					t.Errorf("%d buffers are still in use", live)
				}
			})
			test(t, append(options, experimental.BufferPool(pool)))
		})
	}
}

// countingPool counts buffers that have not come back, and spoils those that have.
type countingPool struct{ live atomic.Int64 }

var _ grpcmem.BufferPool = (*countingPool)(nil)

func (p *countingPool) Get(length int) *[]byte {
	p.live.Add(1)
	return new(make([]byte, length))
}

func (p *countingPool) Put(buffer *[]byte) {
	p.live.Add(-1)
	for i := range *buffer {
		(*buffer)[i] = 0xdb
	}
}
