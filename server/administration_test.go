package server_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/access/policy"
	"github.com/tranship/tranship/internal/testing/loopback"
	"github.com/tranship/tranship/internal/testing/storeserver"
	adminv1 "github.com/tranship/tranship/proto/tranship/admin/v1"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/audit"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/store/quota"
)

// drained receives all messages of a stream.
func drained[Message any](stream grpc.ServerStreamingClient[Message], err error) (all []*Message, _ error) {
	for err == nil {
		var message *Message
		if message, err = stream.Recv(); err == nil {
			all = append(all, message)
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return all, err
}

// adminCalls are all calls of administrators, by the name of the action in the audit log.
func adminCalls(ctx context.Context, client adminv1.AdminServiceClient) map[string]func() error {
	return map[string]func() error{
		"admin_list_transfers": func() error {
			_, err := drained(client.ListTransfers(ctx, &adminv1.ListTransfersRequest{}))
			return err
		},
		"admin_list_uploads": func() error {
			_, err := drained(client.ListUploads(ctx, &adminv1.ListUploadsRequest{}))
			return err
		},
		"admin_list_usage": func() error {
			_, err := drained(client.ListUsage(ctx, &adminv1.ListUsageRequest{}))
			return err
		},
		"admin_list_principals": func() error {
			_, err := drained(client.ListPrincipals(ctx, &adminv1.ListPrincipalsRequest{}))
			return err
		},
		"admin_expire": func() error {
			_, err := drained(client.Expire(ctx, &adminv1.ExpireRequest{}))
			return err
		},
		"admin_abort_upload": func() error {
			_, err := client.AbortUpload(ctx, &adminv1.AbortUploadRequest{UploadId: "NONE"})
			return err
		},
		"admin_cancel_transfer": func() error {
			_, err := client.CancelTransfer(ctx, &adminv1.CancelTransferRequest{TransferId: "NONE"})
			return err
		},
	}
}

// lockedBuffer is a buffer that several goroutines use.
type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.String()
}

// administered serves a store whose policy gives the action admin to root, and returns clients of
// principals by name; "" for anonymous callers.
func administered(t *testing.T, store tranship.Store, config server.Config) func(name string) *grpc.ClientConn {
	t.Helper()
	address := storeserver.Mount(t, store, storeserver.Believing(config), append(server.GRPCOptions(config), loopback.Believing()...)...)
	return func(name string) *grpc.ClientConn {
		return loopback.Dial(t, address, loopback.As(access.Principal{Name: name})...)
	}
}

func rulesOf(t *testing.T, text string) *policy.Policy {
	t.Helper()
	rules, err := policy.Parse("policy", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return rules
}

// Each call needs the action admin, which no other action includes, and which no caller has without a
// policy. Each call has one line in the audit log.
func TestAdministrationNeedsRight(t *testing.T) {
	rules := rulesOf(t, "allow root admin /\nallow ann read,write,delete,list,create /\nallow anonymous read,list /\n")
	for name, test := range map[string]struct {
		caller  string
		policy  *policy.Policy
		allowed bool
	}{
		"administrator":     {"root", rules, true},
		"principal":         {"ann", rules, false},
		"unknown principal": {"eve", rules, false},
		"anonymous":         {"", rules, false},
		"without a policy":  {"root", nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			var log lockedBuffer
			config := server.Config{Anonymous: server.AnonymousWrite, Audit: audit.NewLog(&log, nil)}
			if test.policy != nil {
				config.Policy = test.policy
			}
			client := adminv1.NewAdminServiceClient(administered(t, &mem.Store{}, config)(test.caller))
			for action, call := range adminCalls(testContext(t), client) {
				before := len(log.String())
				code := status.Code(call())
				line := log.String()[before:]
				if strings.Count(line, "\n") != 1 {
					t.Errorf("%s has the lines %q", action, line)
				}
				switch {
				case !test.allowed && (code != codes.PermissionDenied || !strings.Contains(line, `"result":"denied"`)):
					t.Errorf("%s: %v, %s", action, code, line)
				case test.allowed && (code != codes.OK && code != codes.NotFound || !strings.Contains(line, `"action":"`+action+`"`)):
					t.Errorf("%s: %v, %s", action, code, line)
				}
			}
		})
	}
}

// While the audit log cannot be written, an administrator can do nothing.
func TestAdministrationNeedsLog(t *testing.T) {
	log := audit.NewLog(failingWriter{}, nil)
	config := server.Config{Policy: rulesOf(t, "allow root admin /\n"), Anonymous: server.AnonymousWrite, Audit: log}
	client := adminv1.NewAdminServiceClient(administered(t, &mem.Store{}, config)("root"))
	calls := adminCalls(testContext(t), client)
	_ = calls["admin_list_usage"]() // whose line cannot be written
	for action, call := range calls {
		if code := status.Code(call()); code != codes.Unavailable {
			t.Errorf("%s: %v", action, code)
		}
	}
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, errors.New("no space") }

// An administrator sees the unfinished uploads of all owners, and removes one. Its client gets
// ABORTED.
func TestAdministrationOfUploads(t *testing.T) {
	store := &mem.Store{PartSize: partSize}
	as := administered(t, store, server.Config{
		Policy: rulesOf(t, "allow root admin /\nallow * write /\n"), Quota: quota.Options{Bytes: 10000},
	})
	hers := start(t, testContext(t), transhipv1.NewFileServiceClient(as("ann")), resumable(1, "a/file", transhipv1.Begin_MODE_RESUME, 4, "key"))
	id := receive(t, hers).GetBegun().GetUploadId()
	admin := adminv1.NewAdminServiceClient(as("root"))
	list := func(directory string) (uploads []*adminv1.Upload) {
		t.Helper()
		all, err := drained(admin.ListUploads(testContext(t), &adminv1.ListUploadsRequest{Directory: directory}))
		if err != nil {
			t.Fatal(err)
		}
		for _, message := range all {
			uploads = append(uploads, message.GetUploads()...)
		}
		return uploads
	}
	if got := list(""); len(got) != 1 || got[0].GetUploadId() != id || got[0].GetOwner() != "ann" || got[0].GetPath() != "a/file" || got[0].GetSize() != 4 {
		t.Errorf("%v", got)
	}
	if got := list("b"); len(got) > 0 {
		t.Errorf("%v", got)
	}
	usages, err := drained(admin.ListUsage(testContext(t), &adminv1.ListUsageRequest{}))
	if err != nil || len(usages) != 1 {
		t.Fatalf("%v: %v", usages, err)
	}
	if u := usages[0].GetUsages()[0]; u.GetPrincipal() != "ann" || !u.GetCounted() || u.GetReservedBytes() != 4 || u.GetUploads() != 1 || u.GetMaxBytes() != 10000 {
		t.Errorf("%v", u)
	}
	removed, err := admin.AbortUpload(testContext(t), &adminv1.AbortUploadRequest{UploadId: id})
	if err != nil || removed.GetUpload().GetOwner() != "ann" {
		t.Errorf("%v: %v", removed, err)
	}
	if failed := receive(t, hers).GetFailed(); codes.Code(failed.GetStatus().GetCode()) != codes.Aborted {
		t.Errorf("the client got %v", failed)
	}
	if got := list(""); len(got) > 0 {
		t.Errorf("left: %v", got)
	}
	if usages, err := drained(admin.ListUsage(testContext(t), &adminv1.ListUsageRequest{})); err != nil || len(usages) > 0 {
		t.Errorf("the quota still counts %v: %v", usages, err)
	}
}

// largeBytes is more than what waits in the buffers of a connection.
const largeBytes = 32 << 20
