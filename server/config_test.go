package server_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/access/authn"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/store/quota"
)

// TestConfig checks that a Config which no server can be made of names the field.
func TestConfig(t *testing.T) {
	store := &mem.Store{}
	caller := func(context.Context) (access.Principal, error) { return access.Principal{}, nil }
	for name, test := range map[string]struct {
		config server.Config
		field  string
	}{
		"the zero value":          {server.Config{}, "Store"},
		"no client is let in":     {server.Config{Store: store}, "Authenticators"},
		"two sources of identity": {server.Config{Store: store, Caller: caller, Authenticators: []authn.Authenticator{names{}}}, "Caller"},
		"a nil authenticator":     {server.Config{Store: store, Authenticators: []authn.Authenticator{nil}}, "Authenticators"},
		"an unknown permission":   {server.Config{Store: store, Anonymous: 9}, "Anonymous"},
		"too little memory":       {server.Config{Store: store, Anonymous: server.AnonymousRead, MemoryLimit: 1}, "MemoryLimit"},
		"too long a page":         {server.Config{Store: store, Anonymous: server.AnonymousRead, ListPage: 257}, "ListPage"},
		"a negative message":      {server.Config{Store: store, Anonymous: server.AnonymousRead, MaxMessageBytes: -1}, "MaxMessageBytes"},
		"too small a message":     {server.Config{Store: store, Anonymous: server.AnonymousRead, MaxMessageBytes: server.DefaultMaxMessageBytes - 1}, "MaxMessageBytes"},
		"too large a message":     {server.Config{Store: store, Anonymous: server.AnonymousRead, MaxMessageBytes: 1 << 31}, "MaxMessageBytes"},
		"a negative interval":     {server.Config{Store: store, Anonymous: server.AnonymousRead, Recheck: -1}, "Recheck"},
		"an unknown durability":   {server.Config{Store: store, Anonymous: server.AnonymousRead, MinDurability: tranship.DurabilityDurable + 1}, "MinDurability"},
		"a version with no text":  {server.Config{Store: store, Anonymous: server.AnonymousRead, Version: "1.0\xff"}, "Version"},
		"an unknown revision":     {server.Config{Store: store, Anonymous: server.AnonymousRead, Protocols: server.Protocols{Filesrv: &server.Filesrv{Revision: 3}}}, "Protocols.Filesrv.Revision"},
		"a suffix with directory": {server.Config{Store: store, Anonymous: server.AnonymousRead, Protocols: server.Protocols{Filesrv: &server.Filesrv{UploadSuffix: "/x"}}}, "Protocols.Filesrv.UploadSuffix"},
		"a quota that the store cannot keep": {
			server.Config{Store: struct{ tranship.Store }{store}, Anonymous: server.AnonymousRead, Quota: quota.Options{Bytes: 1}}, "Quota",
		},
	} {
		_, err := server.New(t.Context(), test.config)
		wrong, ok := errors.AsType[*server.ConfigError](err)
		if !ok || wrong.Field != test.field || !strings.Contains(err.Error(), "Config."+test.field) || strings.Contains(err.Error(), "--") {
			t.Errorf("%s: %v, want a ConfigError of %s without flags", name, err, test.field)
		}
	}
}
