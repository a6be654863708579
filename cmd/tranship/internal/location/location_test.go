package location

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/cmd/tranship/internal/usage"
)

func TestParse(t *testing.T) {
	at := func(address, path string) Location {
		return Location{Kind: Remote, Server: Server{Address: address}, Path: path}
	}
	for _, test := range []struct {
		arg  string
		want Location
	}{
		{"-", Location{Kind: Stream}},
		{"a", Location{Path: "a"}},
		{"./-", Location{Path: "./-"}},
		{"a/b/", Location{Path: "a/b/", Slash: true}},
		{"a/.", Location{Path: "a/.", Contents: true}},
		{"a/./", Location{Path: "a/./", Slash: true, Contents: true}},
		{".", Location{Path: ".", Contents: true}},
		{"..", Location{Path: "..", Contents: true}},
		{"a/..", Location{Path: "a/..", Contents: true}},
		{"/", Location{Path: "/", Slash: true, Contents: true}},
		{"a..", Location{Path: "a.."}},
		{"a:b", Location{Path: "a:b"}},
		{"./grpc://h:1/a", Location{Path: "./grpc://h:1/a"}},
		{"grpc://h:1/a", at("h:1", "a")},
		{"GRPC://h:1/a", at("h:1", "a")},
		{"grpc://h:1/a/b", at("h:1", "a/b")},
		{"grpc://h:1/a%20b%2Fc%25", at("h:1", "a b/c%")},
		{"grpc://h:1/a+b:c@d", at("h:1", "a+b:c@d")},
		{"grpc://h:1/%C3%BC", at("h:1", "ü")},
		{"grpc://h:1/ü b", at("h:1", "ü b")},
		{"grpc://h:1/*.txt", at("h:1", "*.txt")},
		{"grpc://127.0.0.1:50051/a", at("127.0.0.1:50051", "a")},
		{"grpc://[::1]:50051/a", at("[::1]:50051", "a")},
		{"grpc://[fe80::1%25eth0]:50051/a", at("[fe80::1%eth0]:50051", "a")},
		{"grpc://h:0080/a", at("h:80", "a")},
		{"grpcs://h:1/a", Location{Kind: Remote, Server: Server{TLS: true, Address: "h:1"}, Path: "a"}},
		{"grpc://h:1/a/", Location{Kind: Remote, Server: Server{Address: "h:1"}, Path: "a", Slash: true}},
		{"grpc://h:1/a/.", Location{Kind: Remote, Server: Server{Address: "h:1"}, Path: "a", Slash: true, Contents: true}},
		{"grpc://h:1", Location{Kind: Remote, Server: Server{Address: "h:1"}, Slash: true, Contents: true}},
		{"grpc://h:1/", Location{Kind: Remote, Server: Server{Address: "h:1"}, Slash: true, Contents: true}},
		{"grpc://h:1/.", Location{Kind: Remote, Server: Server{Address: "h:1"}, Slash: true, Contents: true}},
		{"s3://b/a", Location{Kind: Remote, Server: Server{Bucket: "b"}, Path: "a"}},
		{"S3://b.c-d_E/a%20b/ü", Location{Kind: Remote, Server: Server{Bucket: "b.c-d_E"}, Path: "a b/ü"}},
		{"s3://b/a/", Location{Kind: Remote, Server: Server{Bucket: "b"}, Path: "a", Slash: true}},
		{"s3://b/a/.", Location{Kind: Remote, Server: Server{Bucket: "b"}, Path: "a", Slash: true, Contents: true}},
		{"s3://b", Location{Kind: Remote, Server: Server{Bucket: "b"}, Slash: true, Contents: true}},
		{"./s3://b", Location{Path: "./s3://b"}},
	} {
		test.want.Arg = test.arg
		got, err := Parse(test.arg)
		if test.want.Kind == Local {
			got.Path = test.want.Path
		}
		if err != nil || got != test.want {
			t.Errorf("%q: got %+v, %v; want %+v", test.arg, got, err, test.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, arg := range []string{
		"", "a\x00b", "http://h:1/a", "grpc:h:1/a", "grpcs:/h:1/a", "grpc://", "grpc:///a", "grpc://h",
		"grpc://h/a", "grpc://:1/a", "grpc://h:/a", "grpc://h:0/a", "grpc://h:65536/a", "grpc://h:x/a", "grpc://::1:5/a",
		"grpc://[::1/a", "grpc://u@h:1/a", "grpc://u:p@h:1/a", "grpc://h:1/a?b", "grpc://h:1/a?", "grpc://h:1/a#b",
		"grpc://h:1/a#", "grpc://h:1//a", "grpc://h:1//", "grpc://h:1/a//b", "grpc://h:1/../a", "grpc://h:1/a/..",
		"grpc://h:1/./a", "grpc://h:1/%2e%2e/a", "grpc://h:1/a%00", "grpc://h:1/a%0Ab", "grpc://h:1/%ff", "grpc://h:1/%zz",
		"grpc://h:1/.tranship/a", "grpc://h:1/.TRANSHIP",
		"s3://", "s3:///a", "s3://h:9000/b", "s3://user@b/a", "s3://b?a", "s3://b/a?b", "s3://b/a#b", "s3://b//a", "s3://b/../a", "s3://b/.tranship/a",
		"s3://b%20c/a",
	} {
		if p, err := Parse(arg); !errors.Is(err, usage.Err) {
			t.Errorf("%q: got %+v, %v", arg, p, err)
		}
	}
}

// The path of any remote location that parses is valid in a store, and the location can be
// written and parsed again.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"grpc://h:1/a/b", "grpcs://[::1]:50051/a%20b/.", "-", "a/./", "s3://b/a%20b/", "grpc://h:1//", "grpc://h:1/%2E"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, arg string) {
		p, err := Parse(arg)
		if err != nil {
			if !errors.Is(err, usage.Err) {
				t.Errorf("%q: %v is not a usage error", arg, err)
			}
			return
		}
		if p.Kind != Remote {
			return
		}
		if err := tranship.ValidateDirectory(p.Path); err != nil {
			t.Errorf("%q: path %q: %v", arg, p.Path, err)
		}
		again, err := Parse(p.Server.At(url.PathEscape(p.Path)))
		if p.Path != "" && (err != nil || again.Path != p.Path) {
			t.Errorf("%q: %+v, %v", arg, again, err)
		}
	})
}

func TestBelow(t *testing.T) {
	for _, test := range []struct {
		arg, prefix string
		want        string // of the store, and path
	}{
		{"s3://b/x/y", "x", "s3://b/x y"},
		{"s3://b/x/y", "", "s3://b x/y"},
		{"s3://b/x/", "x", "s3://b/x "},
		{"s3://b/x/y/z", "x/y", "s3://b/x/y z"},
		{"s3://b/xy", "x", ""},
		{"s3://b", "x", ""},
		{"grpc://h:1/y", "x", "grpc://h:1 y"},
		{"y", "x", " "},
	} {
		p, err := Parse(test.arg)
		if err != nil {
			t.Fatal(err)
		}
		below, err := p.Below(test.prefix)
		got := ""
		switch {
		case err == nil && below.Kind == Local:
			got = " "
		case err == nil:
			got = below.Server.String() + " " + below.Path
			if below.Path != "" && below.Server.At(below.Path) != strings.TrimSuffix(test.arg, "/") {
				t.Errorf("%s: it is shown as %s", test.arg, below.Server.At(below.Path))
			}
			if below.Path == "" && (!below.Slash || !below.Contents) {
				t.Errorf("%s: %+v is not a root", test.arg, below)
			}
		case !errors.Is(err, usage.Err):
			t.Errorf("%s: %v is not a usage error", test.arg, err)
		}
		if got != test.want {
			t.Errorf("%s below %q: %q, %v; want %q", test.arg, test.prefix, got, err, test.want)
		}
	}
}
