package server

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

// probes is the health service of Serve. When the server drains, each Watch gets NOT_SERVING,
// and ends.
type probes struct {
	*health.Server
	// draining ends when the server drains.
	draining context.Context //nolint:containedctx // it is the life of the service
	end      context.CancelFunc
}

func newProbes() *probes {
	draining, end := context.WithCancel(context.Background())
	return &probes{health.NewServer(), draining, end}
}

// drain makes all services NOT_SERVING, and ends all calls of Watch.
func (p *probes) drain() {
	p.Shutdown()
	p.end()
}

// Watch implements the service.
func (p *probes) Watch(request *healthv1.HealthCheckRequest, stream grpc.ServerStreamingServer[healthv1.HealthCheckResponse]) error {
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()
	defer context.AfterFunc(p.draining, cancel)()
	watch := &healthWatch{ServerStreamingServer: stream, ctx: ctx}
	err := p.Server.Watch(request, watch)
	if p.draining.Err() == nil || stream.Context().Err() != nil {
		return err
	}
	// Watch may have noticed the end before the new status.
	if watch.sent == healthv1.HealthCheckResponse_SERVING {
		if err := stream.Send(&healthv1.HealthCheckResponse{Status: healthv1.HealthCheckResponse_NOT_SERVING}); err != nil {
			return err
		}
	}
	return status.Error(codes.Unavailable, "the server is shutting down")
}

// healthWatch is the stream of one Watch, whose context also ends when the server drains.
type healthWatch struct {
	grpc.ServerStreamingServer[healthv1.HealthCheckResponse]
	ctx context.Context //nolint:containedctx // it replaces the context of the stream
	// sent is the status that was sent last.
	sent healthv1.HealthCheckResponse_ServingStatus
}

// Context implements grpc.ServerStream.
func (w *healthWatch) Context() context.Context { return w.ctx }

// Send implements grpc.ServerStreamingServer.
func (w *healthWatch) Send(response *healthv1.HealthCheckResponse) error {
	w.sent = response.GetStatus()
	return w.ServerStreamingServer.Send(response)
}
