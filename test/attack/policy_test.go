//go:build linux

package attack

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// TestDeniedPaths sends paths that a policy hides from the caller, in every request that
// contains a path. Existing and missing files are indistinguishable.
func TestDeniedPaths(t *testing.T) {
	s := prepareSite(t)
	s.write(t, "root/hidden/file", secret)
	s.write(t, "root/hidden/deep/two", secret)
	s.write(t, "root/hidden/"+secret, "its name is secret, too")
	// Bob may write to docs, where he could copy hidden files, and may do everything in
	// open.
	s.write(t, "rules", `allow alice read,write,delete,list /
allow bob read file
allow bob write docs
allow bob read,write,delete,list open
`)
	tokens := filepath.Join(t.TempDir(), "tokens")
	alice, bob := newToken(t, tokens, "alice"), newToken(t, tokens, "bob")
	s.healthy = as(alice)
	s.start(t, "--tokens", tokens, "--policy", filepath.Join(s.dir, "rules"))
	conn := s.dial(t, grpc.WithPerRPCCredentials(bearer(bob)))

	for _, request := range requests() {
		if request.id {
			continue // It contains no path.
		}
		// The whole answer without the path. The replies of an upload before its end have
		// an ID that differs each time.
		answer := func(path string) (codes.Code, string) {
			ended, replies := request.answer(t, conn, path)
			if request.method == transhipv1.FileService_Upload_FullMethodName {
				replies = replies[max(0, len(replies)-1):]
			}
			all := fmt.Sprintf("%v %q", ended.Proto(), bytes.Join(replies, []byte("|")))
			return ended.Code(), strings.ReplaceAll(all, path, "PATH")
		}
		// The paths have the same length, so that lengths in messages are the same.
		for path, missing := range map[string][2]string{
			"hidden/file":     {"hidden/none", "open/nofile"},
			"hidden":          {"hiddem", "open/n"},
			"hidden/deep":     {"hidden/none", "open/nofile"},
			"hidden/deep/two": {"hidden/deep/six", "open/nothing/it"},
		} {
			code, got := answer(path)
			if _, want := answer(missing[0]); got != want {
				t.Errorf("%s of %s: %s, and of %s, which is missing: %s", request.name, path, got, missing[0], want)
			}
			switch {
			case request.writes || request.name == "move to":
				if code != codes.PermissionDenied && code != codes.NotFound {
					t.Errorf("%s of %s: %s", request.name, path, got)
				}
			case request.lists:
				if code != codes.OK {
					t.Errorf("%s of %s: %s", request.name, path, got)
				}
			case strings.HasPrefix(request.name, "filesrv download"):
				if code != codes.InvalidArgument { // as its protocol requires
					t.Errorf("%s of %s: %s", request.name, path, got)
				}
			case code != codes.NotFound:
				t.Errorf("%s of %s: %s", request.name, path, got)
			}
			if request.writes || request.after || request.name == "move to" {
				continue
			}
			// The same as where bob may do everything and the file is missing.
			if _, want := answer(missing[1]); got != want {
				t.Errorf("%s of %s: %s, and of %s, which is missing: %s", request.name, path, got, missing[1], want)
			}
		}
		s.unchanged(t)
	}
	// Bob can do what the policy allows.
	for _, request := range requests() {
		if !request.writes {
			continue
		}
		if code := request.send(t, conn, "open/file"); code != codes.OK {
			t.Errorf("%s of a path that bob may write: %v", request.name, code)
		}
	}
	if err := os.RemoveAll(filepath.Join(s.root, "open")); err != nil {
		t.Fatal(err)
	}
}
