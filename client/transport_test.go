package client_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"slices"
	"sync"
	"testing"

	"google.golang.org/grpc"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/faultproxy"
	"github.com/tranship/tranship/internal/testing/storeserver"
	"github.com/tranship/tranship/internal/testing/testcert"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// TestTransports checks what each Transport does with servers with and without lanes.
func TestTransports(t *testing.T) {
	for name, test := range map[string]struct {
		without   bool // lanes
		transport client.Transport
		want      client.Transport
		options   []grpc.DialOption
		fails     error
	}{
		"auto":                {transport: client.TransportAuto, want: client.TransportLanes},
		"lanes":               {transport: client.TransportLanes, want: client.TransportLanes},
		"gRPC":                {transport: client.TransportGRPC, want: client.TransportGRPC},
		"auto, without lanes": {without: true, transport: client.TransportAuto, want: client.TransportGRPC},
		"lanes, without them": {without: true, transport: client.TransportLanes, fails: tranship.ErrUnsupported},
		"gRPC, without lanes": {without: true, transport: client.TransportGRPC, want: client.TransportGRPC},
		"auto, with options":  {transport: client.TransportAuto, options: []grpc.DialOption{grpc.WithUserAgent("a")}, want: client.TransportGRPC},
		"lanes, with options": {transport: client.TransportLanes, options: []grpc.DialOption{grpc.WithUserAgent("a")}, fails: tranship.ErrInvalid},
		"unknown":             {transport: 3, fails: tranship.ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			address := storeserver.Serve(t, new(mem.Store), server.Config{NoLanes: test.without})
			var used []client.Transport
			c, err := client.Dial(t.Context(), address, client.Options{
				Transport:     test.transport,
				DialOptions:   test.options,
				TransportUsed: func(transport client.Transport, _ error) { used = append(used, transport) },
			})
			if test.fails != nil {
				failed, typed := errors.AsType[*client.LaneError](err)
				if !errors.Is(err, test.fails) || typed && failed.Address != address {
					t.Errorf("Dial fails with %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if _, err := c.Put(t.Context(), tranship.Spec{Path: "a"}, nil); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(used, []client.Transport{test.want}) {
				t.Errorf("used was %v, want %v", used, test.want)
			}
		})
	}
}

// TestUnreachableLanes requires lanes where something else answers.
func TestUnreachableLanes(t *testing.T) {
	proxy, err := faultproxy.Listen(storeserver.Serve(t, new(mem.Store), server.Config{}), func(connection int) faultproxy.Link {
		if connection == 0 {
			return faultproxy.Link{}
		}
		return faultproxy.Link{Up: faultproxy.Faults{CutAfter: new(int64)}}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer proxy.Close()
	_, err = client.Dial(t.Context(), proxy.Address(), client.Options{Transport: client.TransportLanes})
	if failed, ok := errors.AsType[*client.LaneError](err); !ok || failed.Address != proxy.Address() {
		t.Errorf("Dial fails with %v", err)
	}
}

// TestKeyOfLanes has a server that shows another certificate on lanes. The client offers nothing
// but lanes there, sends nothing else, and uses gRPC.
func TestKeyOfLanes(t *testing.T) {
	authority, err := testcert.NewAuthority("authority")
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := testcert.NewAuthority("stranger")
	if err != nil {
		t.Fatal(err)
	}
	certificate := func(by testcert.Pair) tls.Certificate {
		pair, err := by.Issue(testcert.Spec{Hosts: []string{"127.0.0.1"}})
		if err != nil {
			t.Fatal(err)
		}
		return pair.TLS()
	}
	good, bad := certificate(authority), certificate(stranger)
	trusted := x509.NewCertPool()
	trusted.AddCert(authority.Certificate)
	var strange bool
	var mu sync.Mutex
	offered := map[string]int{}
	address := storeserver.Serve(t, new(mem.Store), server.Config{TLS: &tls.Config{
		MinVersion: tls.VersionTLS13,
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			mu.Lock()
			defer mu.Unlock()
			for _, protocol := range hello.SupportedProtos {
				offered[protocol]++
			}
			if strange && !slices.Contains(hello.SupportedProtos, "h2") {
				return &bad, nil
			}
			return &good, nil
		},
	}})
	for _, want := range []client.Transport{client.TransportLanes, client.TransportGRPC} {
		clear(offered)
		var used client.Transport
		var why error
		config := &tls.Config{RootCAs: trusted, ServerName: "127.0.0.1", MinVersion: tls.VersionTLS13}
		c, err := client.Dial(t.Context(), address, client.Options{
			TLS: config, TransportUsed: func(transport client.Transport, reason error) { used, why = transport, reason },
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Put(t.Context(), tranship.Spec{Path: "a"}, nil); err != nil {
			t.Error(err)
		}
		_ = c.Close()
		untrusted, isUntrusted := errors.AsType[*tls.CertificateVerificationError](why)
		if used != want || isUntrusted != (want == client.TransportGRPC) {
			t.Errorf("used was %v because of %v, %v", used, why, untrusted)
		}
		if offered["h2"] != 1 || offered["tranship/1"] < 1 {
			t.Errorf("offered were %v", offered)
		}
		strange = true
	}
}
