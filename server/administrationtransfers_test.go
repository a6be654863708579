package server_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/internal/sequential"
	adminv1 "github.com/tranship/tranship/proto/tranship/admin/v1"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// An administrator sees the transfers that run, over both transports, and cancels them. What a
// resumable upload has stored stays.
func TestAdministrationOfTransfers(t *testing.T) {
	overBoth(t, func(t *testing.T, serve way) {
		store := &mem.Store{PartSize: partSize}
		upload, err := store.Begin(t.Context(), tranship.Spec{Path: "large"})
		if err != nil {
			t.Fatal(err)
		}
		writer := sequential.NewWriter(t.Context(), upload)
		if _, err := writer.Write(make([]byte, largeBytes)); err != nil {
			t.Fatal(err)
		}
		if _, err := writer.Commit(); err != nil {
			t.Fatal(err)
		}
		config := server.Config{
			Policy: rulesOf(t, "allow root read,write,admin /\n"),
			Caller: func(context.Context) (access.Principal, error) {
				return access.Principal{Name: "root", Source: "test"}, nil
			},
		}
		conn, _ := serve(t, store, config)
		files, admin := transhipv1.NewFileServiceClient(conn), adminv1.NewAdminServiceClient(conn)
		ctx := testContext(t)
		up := start(t, ctx, files, resumable(1, "new", transhipv1.Begin_MODE_RESUME, 2*partSize, "key"), chunk(1, new(int64(0)), make([]byte, partSize)))
		id := receive(t, up).GetBegun().GetUploadId()
		down, err := files.Download(ctx)
		if err != nil {
			t.Fatal(err)
		}
		// Nothing is received of it: it stays under way.
		if err := down.Send(&transhipv1.DownloadRequest{Request: &transhipv1.DownloadRequest_Open{Open: &transhipv1.Open{Slot: 1, Path: "large"}}}); err != nil {
			t.Fatal(err)
		}
		transfers := map[string]*adminv1.Transfer{}
		for len(transfers) < 2 || transfers["new"].GetBytes() == 0 {
			all, err := drained(admin.ListTransfers(ctx, &adminv1.ListTransfersRequest{}))
			if err != nil {
				t.Fatal(err)
			}
			for _, message := range all {
				for _, transfer := range message.GetTransfers() {
					transfers[transfer.GetPath()] = transfer
				}
			}
		}
		if got := transfers["new"]; got.GetDirection() != adminv1.Direction_DIRECTION_UPLOAD || got.GetPrincipal() != "root" || got.GetSource() != "test" ||
			got.GetPeer() == "" || got.GetTransport() == "" || got.GetSize() != 2*partSize || got.GetBytes() != partSize || got.GetUploadId() != id || time.Since(got.GetStartTime().AsTime()) > time.Hour {
			t.Errorf("%v", got)
		}
		if got := transfers["large"]; got.GetDirection() != adminv1.Direction_DIRECTION_DOWNLOAD || got.GetSize() != largeBytes || got.GetUploadId() != "" {
			t.Errorf("%v", got)
		}
		for _, transfer := range transfers {
			cancelled, err := admin.CancelTransfer(ctx, &adminv1.CancelTransferRequest{TransferId: transfer.GetTransferId()})
			if err != nil || cancelled.GetTransfer().GetPath() != transfer.GetPath() {
				t.Errorf("%v: %v", cancelled, err)
			}
		}
		for {
			reply := receive(t, up)
			if failed := reply.GetFailed(); failed != nil {
				if codes.Code(failed.GetStatus().GetCode()) != codes.Aborted || !strings.Contains(failed.GetStatus().GetMessage(), "administrator") {
					t.Errorf("the client of the upload got %v", failed)
				}
				break
			}
		}
		for {
			reply, err := down.Recv()
			if err != nil {
				t.Fatal(err)
			}
			if failed := reply.GetFailed(); failed != nil {
				if codes.Code(failed.GetStatus().GetCode()) != codes.Aborted {
					t.Errorf("the client of the download got %v", failed)
				}
				break
			}
			if reply.GetDone() != nil {
				t.Error("the download was not cut off")
				break
			}
		}
		kept := 0
		for info, err := range store.ListUploads(ctx, "") {
			if err != nil || info.ID != id {
				t.Errorf("%+v: %v", info, err)
			}
			kept++
		}
		if kept != 1 {
			t.Errorf("%d uploads are kept", kept)
		}
	})
}

func TestAdministrationOfPrincipals(t *testing.T) {
	as := administered(t, &mem.Store{}, server.Config{
		Policy: rulesOf(t, "allow root admin /\nallow ann list /\n"), Anonymous: server.AnonymousWrite,
		KnownPrincipals: func() []string { return []string{"root", "zoe"} },
	})
	if _, err := transhipv1.NewFileServiceClient(as("ann")).GetServerInfo(testContext(t), &transhipv1.GetServerInfoRequest{}); err != nil {
		t.Fatal(err)
	}
	all, err := drained(adminv1.NewAdminServiceClient(as("root")).ListPrincipals(testContext(t), &adminv1.ListPrincipalsRequest{}))
	if err != nil || len(all) != 1 {
		t.Fatalf("%v: %v", all, err)
	}
	var names []string
	for _, p := range all[0].GetPrincipals() {
		names = append(names, p.GetName())
		seen, configured := p.GetName() != "zoe", p.GetName() != "ann"
		if p.GetConfigured() != configured || (p.GetLastCallTime() != nil) != seen || (p.GetCalls() == 1) != (p.GetName() == "root") {
			t.Errorf("%v", p)
		}
	}
	if strings.Join(names, " ") != "ann root zoe" {
		t.Errorf("%q", names)
	}
}
