package architecture

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A rule defines which packages some packages may import, in files that are not tests.
// Patterns are directories from the root of the repository, or import paths. "/..." at
// the end matches the directory and all below it.
type rule struct {
	packages string
	// ours are the packages of this module that they may import.
	ours []string
	// stdOnly forbids other modules.
	stdOnly bool
}

// rules are checked in order; the first whose pattern matches a package applies.
var rules = []rule{
	// The contract that all others share.
	{packages: ".", stdOnly: true},
	// The protocols, which are published for all languages, need no other package.
	{packages: "proto/..."},
	// The transfer engine and the stores know stores, not the network. Calls that take
	// the path of a local file know its store; that store does not know transfer.
	{packages: "transfer/...", ours: []string{".", "store/localdir", "internal/..."}},
	// Decorators of stores know principals, and may know how rights are decided.
	{packages: "store/guard", ours: []string{".", "access", "access/policy", "internal/..."}},
	{packages: "store/audit", ours: []string{".", "access", "internal/..."}},
	{packages: "store/quota", ours: []string{".", "access", "internal/..."}},
	{packages: "store/hook", ours: []string{".", "access", "internal/..."}},
	// Carriers of hooks know the network.
	{packages: "store/hook/...", ours: []string{".", "store/hook", "proto/...", "internal/..."}},
	{packages: "store/...", ours: []string{".", "internal/..."}},
	// Principals and their rights.
	{packages: "access", stdOnly: true},
	{packages: "access/...", ours: []string{".", "access/...", "internal/..."}},
	// The client and the server know neither each other nor a particular store.
	{packages: "client/...", ours: []string{".", "access/bearer", "access/tlsconfig", "proto/...", "internal/...", "client/..."}},
	// Package server assembles a server: only it knows the packages that authorize, count
	// and audit.
	{packages: "server", ours: []string{".", "access", "access/authn", "access/policy", "store/guard", "store/quota", "store/audit", "store/hook", "proto/...", "internal/...", "server/..."}},
	// Admission uses authenticators and knows no protocol; adapters know their protocol.
	{packages: "server/internal/admission", ours: []string{".", "access", "access/authn", "internal/...", "server/limit", "server/internal/caller", "server/internal/fair", "server/internal/limited", "server/internal/origin"}},
	// Links act as principals that are away.
	{packages: "server/internal/links", ours: []string{".", "access", "access/authn", "proto/...", "internal/...", "server/..."}},
	{packages: "server/...", ours: []string{".", "access", "proto/...", "internal/...", "server/..."}},
	// The benchmark has its own servers and clients.
	{packages: "internal/bench", ours: []string{"proto/filesrv/v1", "internal/testing/linkemu"}},
	// Tests make calls as principals.
	{packages: "internal/testing/loopback", ours: []string{"access"}},
	{packages: "internal/testing/storeserver", ours: []string{".", "access", "server", "internal/testing/loopback"}},
	// Shared packages know neither the client nor the server.
	{packages: "internal/...", ours: []string{".", "proto/...", "internal/..."}},
	// Examples of stores import what all programs may; TestExamples checks their tests.
	{packages: "examples/encrypt", ours: []string{"."}, stdOnly: true},
	{packages: "examples/noresume", ours: []string{"."}, stdOnly: true},
	// Examples are programs of users: they import only public packages.
	{packages: "examples/...", ours: []string{".", "proto/...", "transfer/...", "store/...", "client/...", "server", "access/..."}},
	// Tests from outside.
	{packages: "test/..."},
	// Commands import everything, and no package imports them.
	{packages: "cmd/...", ours: []string{".", "proto/...", "internal/...", "transfer/...", "store/...", "client/...", "server/...", "access/...", "cmd/..."}},
}

// confined are other modules that only a few packages may import.
var confined = []struct{ module, only string }{
	{"github.com/aws/...", "store/s3/... internal/testing/s3engine"},
	{"github.com/minio/...", "store/s3/..."},
	{"github.com/spf13/...", "cmd/..."},
	{"go.yaml.in/...", "cmd/tranship/internal/config"},
	{"github.com/prometheus/...", "cmd/tranship/internal/metrics"},
	{"go.opentelemetry.io/...", "cmd/tranship/..."},
	{"go.opentelemetry.io/otel/...", "cmd/tranship/internal/telemetry cmd/tranship/internal/metrics"},
	{"github.com/go-jose/...", "access/oidc internal/testing/oidcissuer"},
	{"golang.org/x/oauth2/...", "access/oidc"},
	{"github.com/pires/...", "server/internal/origin"},
	{"github.com/rs/cors", "server/internal/httpadmission"},
	{"golang.org/x/net/http/httpproxy", "client/internal/route"},
}

// transportless are the packages that must work with any transport: neither they nor
// their direct and indirect imports know gRPC.
var transportless = []string{
	".", "transfer/...", "store/disk", "store/localdir", "store/mem", "store/guard", "store/quota", "store/retry", "store/tracing",
	"store/audit", "store/hook", "access", "access/authn", "access/policy", "access/token",
	"server/limit", "server/internal/admission", "server/internal/fair", "server/internal/caller", "server/internal/limited", "server/internal/origin",
	"internal/failure", "internal/budget", "internal/relist", "internal/silence", "internal/minrate", "internal/observation",
	"internal/filetime", "internal/peertimeout", "internal/sendbuffer", "internal/zeroruns", "internal/rootfs", "internal/partfile",
}

// transports are the packages that they must not import.
var transports = []string{"google.golang.org/...", "net/http/...", module + "/proto/..."}

func TestTransportless(t *testing.T) {
	imports := map[string]map[string]string{} // the imports of each package, with the file of each
	for _, file := range goFiles(t) {
		if file.test {
			continue
		}
		if imports[file.dir] == nil {
			imports[file.dir] = map[string]string{}
		}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatalf("%s: %v", file.name, err)
			}
			imports[file.dir][imported] = file.name
		}
	}
	var follow func(from, dir string, seen map[string]bool)
	follow = func(from, dir string, seen map[string]bool) {
		if seen[dir] {
			return
		}
		seen[dir] = true
		for imported, name := range imports[dir] {
			if matchAny(transports, imported) {
				t.Errorf("%s knows a transport: %s imports %s", from, name, imported)
			}
			if ours, isOurs := directory(imported); isOurs {
				follow(from, ours, seen)
			}
		}
	}
	found := map[string]bool{}
	for dir := range imports {
		for _, pattern := range transportless {
			if match(pattern, dir) {
				found[pattern] = true
				follow(dir, dir, map[string]bool{})
			}
		}
	}
	for _, pattern := range transportless {
		if !found[pattern] {
			t.Errorf("package %s does not exist", pattern)
		}
	}
}

func TestImports(t *testing.T) {
	for _, file := range goFiles(t) {
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatalf("%s: %v", file.name, err)
			}
			if why := forbidden(file, imported); why != "" {
				t.Errorf("%s imports %s: %s", file.name, imported, why)
			}
		}
	}
}

// TestExamples checks that the examples, with their tests, import nothing that a program
// outside of this module cannot import: the suite that they pass is for all stores.
func TestExamples(t *testing.T) {
	found := map[string]bool{}
	for _, file := range goFiles(t) {
		if !match("examples/...", file.dir) {
			continue
		}
		found[file.dir] = true
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatalf("%s: %v", file.name, err)
			}
			if ours, isOurs := directory(imported); isOurs && isInternal(ours) {
				t.Errorf("%s imports %s, which programs outside of this module cannot import", file.name, imported)
			}
		}
	}
	for _, dir := range []string{"examples/encrypt", "examples/noresume"} {
		if !found[dir] {
			t.Errorf("package %s does not exist", dir)
		}
	}
}

// isInternal reports whether only this module can import a directory.
func isInternal(dir string) bool { return slices.Contains(strings.Split(dir, "/"), "internal") }

// TestForbidden checks that the rules detect violations.
func TestForbidden(t *testing.T) {
	for _, test := range []struct {
		dir, imported string
		test, want    bool
	}{
		{dir: ".", imported: "io/fs"},
		{dir: ".", imported: "google.golang.org/grpc", want: true},
		{dir: ".", imported: module + "/internal/wire", want: true},
		{dir: "client", imported: module},
		{dir: "client", imported: module + "/proto/tranship/v1"},
		{dir: "client", imported: module + "/server", want: true},
		{dir: "client", imported: module + "/store/mem", want: true},
		{dir: "client", imported: module + "/store/mem", test: true},
		{dir: "server/internal/filesrv", imported: module + "/client", want: true},
		{dir: "store/disk", imported: module + "/store/mem", want: true},
		{dir: "store/disk", imported: "github.com/minio/minio-go/v7", want: true},
		{dir: "access/token", imported: "github.com/go-jose/go-jose/v4", want: true},
		{dir: "access/oidc", imported: "github.com/go-jose/go-jose/v4"},
		{dir: "store/s3", imported: "github.com/minio/minio-go/v7"},
		{dir: "store/s3", imported: "github.com/aws/aws-sdk-go-v2/service/s3"},
		{dir: "store/s3", imported: module + "/store/disk", want: true},
		{dir: "server", imported: "github.com/aws/aws-sdk-go-v2/aws", want: true},
		{dir: "server", imported: "github.com/prometheus/client_golang/prometheus", want: true},
		{dir: "client", imported: "github.com/prometheus/client_golang/prometheus", want: true},
		{dir: "client", imported: "go.opentelemetry.io/otel", want: true},
		{dir: "server", imported: "go.opentelemetry.io/otel/trace", want: true},
		{dir: "store/s3", imported: "go.opentelemetry.io/otel/trace", want: true},
		{dir: "store/tracing", imported: "go.opentelemetry.io/otel/trace", want: true},
		{dir: "cmd/tranship", imported: "go.opentelemetry.io/otel/trace", want: true},
		{dir: "cmd/tranship/internal/telemetry", imported: "go.opentelemetry.io/otel/trace"},
		{dir: "cmd/tranship/internal/metrics", imported: "github.com/prometheus/client_golang/prometheus"},
		{dir: "client", imported: module + "/store/s3", want: true},
		{dir: "transfer", imported: module + "/client", want: true},
		{dir: "internal/wire", imported: module + "/client", want: true},
		{dir: "proto/tranship/v1", imported: module, want: true},
		{dir: "cmd/tranship", imported: module + "/store/disk"},
		{dir: "examples/encrypt", imported: module},
		{dir: "examples/encrypt", imported: module + "/internal/absence", want: true},
		{dir: "examples/noresume", imported: "golang.org/x/crypto/chacha20poly1305", want: true},
		{dir: "server/internal/admission", imported: module + "/access/authn"},
		{dir: "server/internal/admission", imported: module + "/server/internal/native", want: true},
		{dir: "server/internal/admission", imported: module + "/proto/tranship/v1", want: true},
		{dir: "unheard/of", imported: "fmt", want: true},
	} {
		why := forbidden(sourceFile{dir: test.dir, test: test.test}, test.imported)
		if (why != "") != test.want {
			t.Errorf("%s (test %v) imports %s: forbidden %q, want %v", test.dir, test.test, test.imported, why, test.want)
		}
	}
}

// forbidden returns why a file must not import a package; "" if it may.
func forbidden(file sourceFile, imported string) string {
	index := slices.IndexFunc(rules, func(r rule) bool { return match(r.packages, file.dir) })
	if index < 0 {
		return "no rule is for package " + file.dir + ": add one"
	}
	rule := rules[index]
	for _, c := range confined {
		if match(c.module, imported) && !matchAny(strings.Fields(c.only), file.dir) {
			return "only " + c.only + " may"
		}
	}
	ours, isOurs := directory(imported)
	switch {
	case file.test || isOurs && ours == file.dir:
		return ""
	case isOurs && !matchAny(rule.ours, ours):
		return "of this module, " + rule.packages + " may import only [" + strings.Join(rule.ours, " ") + "]"
	case !isOurs && rule.stdOnly && !isStandard(imported):
		return rule.packages + " may import only the standard library"
	}
	return ""
}

// directory returns the directory of a package of this module.
func directory(imported string) (dir string, ours bool) {
	if imported == module {
		return ".", true
	}
	return strings.CutPrefix(imported, module+"/")
}

// isStandard reports whether a package is in the standard library: other import paths
// begin with a domain.
func isStandard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".")
}

func matchAny(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return match(pattern, name) })
}

func match(pattern, name string) bool {
	if parent, ok := strings.CutSuffix(pattern, "/..."); ok {
		return name == parent || strings.HasPrefix(name, parent+"/")
	}
	return name == pattern
}
