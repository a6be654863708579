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

// TestDeniedPaths sends paths of which a policy tells the caller nothing, in every
// request that has one. What is there looks as what is not.
func TestDeniedPaths(t *testing.T) {
	s := prepareSite(t)
	s.write(t, "root/hidden/file", secret)
	s.write(t, "root/hidden/deep/two", secret)
	s.write(t, "root/hidden/"+secret, "its name is secret, too")
	// He may steal, if he can, to docs, and he may do everything in open.
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
			continue // It tells no path.
		}
		// All of the answer, with the path taken out. What an upload has before its end
		// is an id that is another each time.
		answer := func(path string) (codes.Code, string) {
			ended, replies := request.answer(t, conn, path)
			if request.method == transhipv1.FileService_Upload_FullMethodName {
				replies = replies[max(0, len(replies)-1):]
			}
			all := fmt.Sprintf("%v %q", ended.Proto(), bytes.Join(replies, []byte("|")))
			return ended.Code(), strings.ReplaceAll(all, path, "PATH")
		}
		// Those of one length, so that the lengths in messages are the same.
		for path, missing := range map[string][2]string{
			"hidden/file":     {"hidden/none", "open/nofile"},
			"hidden":          {"hiddem", "open/n"},
			"hidden/deep":     {"hidden/none", "open/nofile"},
			"hidden/deep/two": {"hidden/deep/six", "open/nothing/it"},
		} {
			code, got := answer(path)
			if _, want := answer(missing[0]); got != want {
				t.Errorf("%s of %s: %s, and of %s, which is not there: %s", request.name, path, got, missing[0], want)
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
				if code != codes.InvalidArgument { // as its protocol has it
					t.Errorf("%s of %s: %s", request.name, path, got)
				}
			case code != codes.NotFound:
				t.Errorf("%s of %s: %s", request.name, path, got)
			}
			if request.writes || request.after || request.name == "move to" {
				continue
			}
			// As where he may do everything, and nothing is there.
			if _, want := answer(missing[1]); got != want {
				t.Errorf("%s of %s: %s, and of %s, which is not there: %s", request.name, path, got, missing[1], want)
			}
		}
		s.unchanged(t)
	}
	// He is somebody: what he may do, he can.
	for _, request := range requests() {
		if !request.writes {
			continue
		}
		if code := request.send(t, conn, "open/file"); code != codes.OK {
			t.Errorf("%s of what he may write: %v", request.name, code)
		}
	}
	if err := os.RemoveAll(filepath.Join(s.root, "open")); err != nil {
		t.Fatal(err)
	}
}
