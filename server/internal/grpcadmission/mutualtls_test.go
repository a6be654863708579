package grpcadmission_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship/access/authn"
	"github.com/tranship/tranship/internal/testing/testcert"
	"github.com/tranship/tranship/server/internal/admission"
)

// Over real connections: who has a certificate, a token, both or neither.
func TestMutualTLS(t *testing.T) {
	trusted, err := testcert.NewAuthority("authority")
	if err != nil {
		t.Fatal(err)
	}
	other, err := testcert.NewAuthority("authority")
	if err != nil {
		t.Fatal(err)
	}
	sign := func(authority testcert.Pair, spec testcert.Spec) tls.Certificate {
		t.Helper()
		pair, err := authority.Issue(spec)
		if err != nil {
			t.Fatal(err)
		}
		return pair.TLS()
	}
	alice := sign(trusted, testcert.Spec{Subject: "alice", Organizations: []string{"ops"}})
	forged := sign(other, testcert.Spec{Subject: "alice", Organizations: []string{"ops"}})
	serverCertificate := sign(trusted, testcert.Spec{Hosts: []string{"127.0.0.1"}})
	pool := x509.NewCertPool()
	pool.AddCert(trusted.Certificate)

	certificates, both := []authn.Authenticator{authn.Certificates{}}, []authn.Authenticator{newTokens(), authn.Certificates{}}
	for _, test := range []struct {
		name           string
		verify         tls.ClientAuthType
		authenticators []authn.Authenticator
		anonymous      bool
		client         *tls.Certificate
		token          string
		want           string
		code           codes.Code
	}{
		{name: "certificate", verify: tls.VerifyClientCertIfGiven, authenticators: certificates, client: &alice, want: "certificate/cert:alice/cert:ops"},
		{name: "none", verify: tls.VerifyClientCertIfGiven, authenticators: certificates, code: codes.Unauthenticated},
		{name: "none where anonymous callers may", verify: tls.VerifyClientCertIfGiven, authenticators: certificates, anonymous: true, want: "//"},
		{name: "none where TLS wants one", verify: tls.RequireAndVerifyClientCert, authenticators: certificates, anonymous: true, code: codes.Unavailable},
		{name: "forged", verify: tls.VerifyClientCertIfGiven, authenticators: certificates, anonymous: true, client: &forged, code: codes.Unavailable},
		{name: "not verified", verify: tls.RequestClientCert, authenticators: certificates, anonymous: true, client: &alice, code: codes.Unauthenticated},
		{name: "forged and not verified", verify: tls.RequireAnyClientCert, authenticators: both, anonymous: true, client: &forged, token: "t-alice", code: codes.Unauthenticated},
		{name: "both", verify: tls.VerifyClientCertIfGiven, authenticators: both, client: &alice, token: "t-alice", want: "token/alice/ops"},
		{name: "a bad token", verify: tls.VerifyClientCertIfGiven, authenticators: both, client: &alice, token: "t-eve", code: codes.Unauthenticated},
		{name: "a token that no authenticator takes", verify: tls.VerifyClientCertIfGiven, authenticators: certificates, client: &alice, token: "t-alice", code: codes.Unauthenticated},
		{name: "a certificate that no authenticator checks", verify: tls.RequestClientCert, authenticators: []authn.Authenticator{newTokens()}, client: &forged, token: "t-alice", want: "token/alice/ops"},
		{name: "only a certificate that no authenticator checks", verify: tls.RequestClientCert, authenticators: []authn.Authenticator{newTokens()}, client: &forged, code: codes.Unauthenticated},
	} {
		t.Run(test.name, func(t *testing.T) {
			address := serve(t, admission.Options{Authenticators: test.authenticators, Anonymous: test.anonymous},
				grpc.Creds(credentials.NewTLS(&tls.Config{
					Certificates: []tls.Certificate{serverCertificate},
					ClientAuth:   test.verify,
					ClientCAs:    pool,
				})))
			config := &tls.Config{RootCAs: pool}
			if test.client != nil {
				// Whatever authorities the server names.
				config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return test.client, nil }
			}
			conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(credentials.NewTLS(config)))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if test.token != "" {
				ctx = withAuthorization(ctx, "Bearer "+test.token)
			}
			who, err := unary(ctx, conn)
			if who != test.want || status.Code(err) != test.code {
				t.Errorf("called by %q, %v; want %q, %v", who, err, test.want, test.code)
			}
		})
	}
}
