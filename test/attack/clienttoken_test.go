//go:build linux

package attack

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship/internal/testing/loopback"
	"github.com/tranship/tranship/internal/testing/program"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// TestOneServersToken uses two servers in one command: neither gets the token of the
// other.
func TestOneServersToken(t *testing.T) {
	t.Parallel()
	s := prepareSite(t)
	tokens := filepath.Join(t.TempDir(), "tokens")
	token := newToken(t, tokens, "alice")
	s.healthy = as(token)
	s.start(t, "--tokens", tokens)
	file := filepath.Join(t.TempDir(), "alice")
	if err := os.WriteFile(file, []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	calls, shown := 0, 0
	other := loopback.Serve(t, func(grpc.ServiceRegistrar) {}, grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
		mu.Lock()
		defer mu.Unlock()
		calls++
		if incoming, _ := metadata.FromIncomingContext(stream.Context()); len(incoming.Get("authorization")) > 0 {
			shown++
		}
		return status.Error(codes.Unimplemented, "not implemented")
	}))
	ours, theirs := "grpc://"+s.address, "grpc://"+other
	for _, test := range []struct {
		flags, variable string
		args            []string
		refused         bool
	}{
		{"--token-file=" + file, "", []string{"cp", ours + "/file", theirs + "/x"}, true},
		{"--token-file=" + file, "", []string{"cp", theirs + "/x", ours + "/y"}, true},
		{"--token-file=" + file, "", []string{"cp", "--protocol", "filesrv", ours + "/file", theirs + "/x"}, true},
		{"--token-file=" + file, "", []string{"ls", ours + "/", theirs + "/"}, true},
		{"--token-file=" + file, "", []string{"stat", ours + "/file", theirs + "/x"}, true},
		{"--token-file=" + file, "", []string{"rm", ours + "/none", theirs + "/x"}, true},
		{"", token, []string{"cp", ours + "/file", theirs + "/x"}, true},
		{"", token, []string{"ls", ours + "/", theirs + "/"}, true},
		{"--token-file=" + s.address + "=" + file, "", []string{"cp", ours + "/file", theirs + "/x"}, false},
		{"--token-file=" + s.address + "=" + file, token, []string{"ls", ours + "/", theirs + "/"}, false},
		{"", s.address + "=" + token, []string{"ls", ours + "/", theirs + "/"}, false},
	} {
		args := test.args
		if test.flags != "" {
			args = append([]string{args[0], test.flags}, args[1:]...)
		}
		cmd := built.Command(testContext(t), args...)
		cmd.Env = append(cmd.Env, "TRANSHIP_TOKEN="+test.variable)
		mu.Lock()
		before := calls
		mu.Unlock()
		output, _ := cmd.CombinedOutput()
		mu.Lock()
		if refused := cmd.ProcessState.ExitCode() == 2; refused != test.refused || refused != (calls == before) || shown > 0 {
			t.Errorf("%q: exit code %d, %d calls, %d with a token: %s", args, cmd.ProcessState.ExitCode(), calls-before, shown, output)
		}
		mu.Unlock()
		if strings.Contains(string(output), token) {
			t.Errorf("%q: the token is printed", args)
		}
	}
	s.unchanged(t)
}

// TestTokenRotation replaces a token during a copy, and then revokes the old one.
func TestTokenRotation(t *testing.T) {
	t.Parallel()
	s := prepareSite(t)
	tokens := filepath.Join(t.TempDir(), "tokens")
	s.healthy = as(newToken(t, tokens, "healthy"))
	first := newToken(t, tokens, "alice")
	file := filepath.Join(t.TempDir(), "alice")
	write := func(token string) {
		t.Helper()
		if err := os.WriteFile(file+".new", []byte(token), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(file+".new", file); err != nil {
			t.Fatal(err)
		}
	}
	write(first)
	source := filepath.Join(t.TempDir(), "large")
	if err := os.WriteFile(source, []byte(strings.Repeat("0123456789abcdef", 1<<21)), 0o600); err != nil {
		t.Fatal(err)
	}
	// The rate is limited so that the copy takes longer than the ten seconds between
	// checks of streams.
	s.start(t, "--tokens", tokens, "--bandwidth", "2MiB")
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	copying := built.Command(ctx, "cp", "--token-file", file, source, "grpc://"+s.address+"/"+many+"/large")
	var output program.Output
	copying.Stderr = &output
	if err := copying.Start(); err != nil {
		t.Fatal(err)
	}
	uploading := s.dial(t, grpc.WithPerRPCCredentials(bearer(first)))
	s.until(t, "the copy is under way", func() bool {
		stream, err := transhipv1.NewFileServiceClient(uploading).ListUploads(ctx, &transhipv1.ListUploadsRequest{})
		if err != nil {
			return false
		}
		reply, err := stream.Recv()
		return err == nil && len(reply.GetUploads()) > 0
	})
	second := built.Command(ctx, "token", "new", "--file", tokens, "--name", "alice")
	made, err := second.Output()
	if err != nil {
		t.Fatal(err)
	}
	write(strings.TrimSpace(string(made)))
	revokeFirst(t, tokens)
	if err := copying.Wait(); err != nil {
		t.Errorf("the copy: %v\n%s", err, output.String())
	}
	if !strings.Contains(s.process.Err.String(), "call refused") {
		t.Error("no stream was ended")
	}
	if got, err := os.ReadFile(filepath.Join(s.root, many, "large")); err != nil || len(got) != 32<<20 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	s.unchanged(t)
}

// revokeFirst removes the first token of alice from a file.
func revokeFirst(t testing.TB, tokens string) {
	t.Helper()
	content, err := os.ReadFile(tokens)
	if err != nil {
		t.Fatal(err)
	}
	var rest []string
	gone := false
	for _, line := range strings.Split(string(content), "\n") {
		if !gone && strings.Contains(line, " alice ") {
			gone = true
			continue
		}
		rest = append(rest, line)
	}
	if err := os.WriteFile(tokens, []byte(strings.Join(rest, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
}
