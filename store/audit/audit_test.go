package audit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/access/policy"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/loopback"
	"github.com/tranship/tranship/internal/testing/storeserver"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/audit"
	"github.com/tranship/tranship/store/guard"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/store/storetest"
)

func TestStore(t *testing.T) {
	storetest.Test(t, func(t *testing.T) tranship.Store {
		log, err := audit.Open(filepath.Join(t.TempDir(), "log"), nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := log.Close(); err != nil {
				t.Error(err)
			}
		})
		return audit.New(&mem.Store{PartSize: 1000}, log)
	})
}

func TestOwners(t *testing.T) {
	storetest.TestOwners(t, func(t *testing.T) tranship.Store {
		return audit.New(&mem.Store{PartSize: 1000}, audit.NewLog(io.Discard, nil))
	})
}

func TestNone(t *testing.T) {
	var none *audit.Log
	inner := new(mem.Store)
	if audit.New(inner, none) != tranship.Store(inner) {
		t.Error("without a log New does not return the store itself")
	}
	none.Refused("192.0.2.7:1", "no reason")
	if err := none.Close(); err != nil {
		t.Error(err)
	}
}

// lines returns the fields of each line of a log, without the time, after checking it.
func lines(t *testing.T, log []byte) []map[string]any {
	t.Helper()
	var all []map[string]any
	for line := range bytes.Lines(log) {
		var fields map[string]any
		if err := json.Unmarshal(line, &fields); err != nil || line[len(line)-1] != '\n' {
			t.Fatalf("%q: %v", line, err)
		}
		at, err := time.Parse(time.RFC3339Nano, fmt.Sprint(fields["time"]))
		if err != nil || at.Location() != time.UTC || time.Since(at) > time.Hour {
			t.Errorf("time is %v: %v", fields["time"], err)
		}
		delete(fields, "time")
		all = append(all, fields)
	}
	return all
}

// brief returns the main fields of a line.
func brief(fields map[string]any) string {
	var words []string
	for _, key := range []string{"action", "result", "principal", "source", "path", "destination", "offset", "bytes", "whole", "recursive", "entries"} {
		if value, ok := fields[key]; ok {
			words = append(words, fmt.Sprint(value))
		}
	}
	return strings.Join(words, " ")
}

// TestActions performs every action and reads the lines it has.
func TestActions(t *testing.T) {
	var log bytes.Buffer
	rules, err := policy.Parse("policy", []byte("allow ann read,write,delete,list mine\nallow ann list seen\n"))
	if err != nil {
		t.Fatal(err)
	}
	inner := &mem.Store{PartSize: 4}
	for _, path := range []string{"hers", "seen/file"} {
		if _, err := inner.Put(t.Context(), tranship.Spec{Path: path}, []byte("1234")); err != nil {
			t.Fatal(err)
		}
	}
	audited := audit.New(guard.New(inner, rules), audit.NewLog(&log, nil))
	ctx := access.NewContext(t.Context(), access.Principal{Name: "ann", Source: "token"})
	var id string
	for _, step := range []struct {
		do   func() error
		want []string
	}{
		{func() error { _, err := audited.Stat(ctx, "mine/file"); return err }, []string{"stat not_found ann token mine/file"}},
		{func() error { _, err := audited.Stat(ctx, "hers"); return err }, []string{"stat denied ann token hers"}},
		{func() error { _, err := audited.Stat(ctx, "seen/file"); return err }, []string{"stat denied ann token seen/file"}},
		{func() error { _, err := audited.Stat(ctx, "../x"); return err }, []string{"stat invalid ann token ../x"}},
		{func() error { _, err := audited.Stat(t.Context(), "hers"); return err }, []string{"stat denied anonymous hers"}},
		{func() error {
			_, err := audited.Put(ctx, tranship.Spec{Path: "mine/file"}, []byte("12345"))
			return err
		}, []string{"put ok ann token mine/file 5"}},
		{func() error {
			_, err := audited.Put(ctx, tranship.Spec{Path: "mine/file", Precondition: tranship.Precondition{MustNotExist: true}}, nil)
			return err
		}, []string{"put exists ann token mine/file 0"}},
		{func() error { _, err := audited.Put(ctx, tranship.Spec{Path: "hers"}, nil); return err }, []string{"put denied ann token hers 0"}},
		{func() error { return list(audited.List(ctx, tranship.ListOptions{})) }, []string{"list ok ann token  false 2"}},
		{func() error { return list(audited.List(ctx, tranship.ListOptions{Directory: "mine", Recursive: true})) }, []string{"list ok ann token mine true 1"}},
		{func() error { return list(audited.List(ctx, tranship.ListOptions{Directory: "/"})) }, []string{"list invalid ann token / false 0"}},
		{func() error { return read(ctx, audited, "mine/file", tranship.OpenOptions{}, -1) }, []string{"read ok ann token mine/file 0 5 true"}},
		{func() error { return read(ctx, audited, "mine/file", tranship.OpenOptions{Offset: 1}, 2) }, []string{"read ok ann token mine/file 1 2 false"}},
		{func() error { return read(ctx, audited, "hers", tranship.OpenOptions{}, -1) }, []string{"read denied ann token hers 0 0 false"}},
		{func() error {
			_, err := audited.SetAttributes(ctx, "mine/file", tranship.Attributes{}, tranship.Precondition{MustMatchVersion: "v"})
			return err
		}, []string{"set_attributes precondition ann token mine/file"}},
		{func() error {
			_, err := audited.Copy(ctx, "mine/file", "mine/copy", tranship.Precondition{})
			return err
		}, []string{"copy ok ann token mine/file mine/copy 5"}},
		{func() error {
			_, err := audited.Move(ctx, "mine/copy", "mine/moved", tranship.Precondition{})
			return err
		}, []string{"move ok ann token mine/copy mine/moved 5"}},
		{func() error { _, err := audited.Move(ctx, "mine/file", "hers", tranship.Precondition{}); return err }, []string{"move denied ann token mine/file hers 0"}},
		{func() error { return audited.Remove(ctx, "mine/moved", tranship.Precondition{}) }, []string{"delete ok ann token mine/moved"}},
		{func() error { return audited.Remove(ctx, "hers", tranship.Precondition{}) }, []string{"delete denied ann token hers"}},
		{func() error {
			u, err := audited.Begin(ctx, tranship.Spec{Path: "mine/new", Size: new(int64(4)), ResumeKey: "resume key"})
			if err != nil {
				return err
			}
			id = u.ID()
			return errors.Join(u.Detach(ctx), u.Detach(ctx), u.Abort(ctx))
		}, []string{"begin ok ann token mine/new", "detach ok ann token mine/new"}},
		{func() error {
			n := 0
			for range audited.ListUploads(ctx, "") {
				n++
			}
			return nil
		}, []string{"list_uploads ok ann token  1"}},
		{func() error { return audited.AbortUpload(t.Context(), id) }, []string{"abort_upload denied anonymous"}},
		{func() error { return audited.AbortUpload(ctx, "NONE") }, []string{"abort_upload not_found ann token"}},
		{func() error { return audited.AbortUpload(ctx, id) }, []string{"abort_upload ok ann token"}},
		{func() error {
			u, err := audited.Begin(ctx, tranship.Spec{Path: "mine/new"})
			if err != nil {
				return err
			}
			_, err = u.Commit(ctx, tranship.Commit{Size: 4})
			return errors.Join(err, u.CopyPart(ctx, 0, "hers", tranship.OpenOptions{}), u.CopyPart(ctx, 0, "mine/file", tranship.OpenOptions{}), u.Abort(ctx))
		}, []string{
			"begin ok ann token mine/new", "commit precondition ann token mine/new 4", "copy_part denied ann token hers mine/new",
			"copy_part ok ann token mine/file mine/new", "abort ok ann token mine/new",
		}},
		{func() error {
			u, err := audited.Begin(ctx, tranship.Spec{Path: "mine/new"})
			if err != nil {
				return err
			}
			if err := u.CopyPart(ctx, 0, "mine/file", tranship.OpenOptions{Offset: 1}); err != nil {
				return err
			}
			_, err = u.Commit(ctx, tranship.Commit{Size: 4})
			return errors.Join(err, u.Abort(ctx), u.Detach(ctx))
		}, []string{"begin ok ann token mine/new", "copy_part ok ann token mine/file mine/new", "commit ok ann token mine/new 4"}},
		{func() error { _, err := audited.Begin(ctx, tranship.Spec{Path: "hers"}); return err }, []string{"begin denied ann token hers"}},
	} {
		log.Reset()
		err := step.do()
		written := lines(t, log.Bytes())
		var got []string
		for _, line := range written {
			got = append(got, brief(line))
			about := slices.Contains([]any{"begin", "commit", "abort", "detach", "copy_part", "abort_upload"}, line["action"])
			if _, has := line["upload"]; has != about && !strings.HasPrefix(brief(line), "begin denied") {
				t.Errorf("upload is %v in %q", line["upload"], brief(line))
			}
		}
		if strings.Join(got, "\n") != strings.Join(step.want, "\n") {
			t.Errorf("%v:\n%q, want\n%q", err, got, step.want)
		}
		if text := withoutTimes(log.String()); strings.Contains(text, "resume key") || strings.Contains(text, "1234") {
			t.Errorf("a resume key or content is in %s", text)
		}
	}
}

// withoutTimes removes the times from lines, because their digits can equal a content.
func withoutTimes(text string) string {
	return regexp.MustCompile(`"time":"[^"]*"`).ReplaceAllString(text, "")
}

func list(entries func(func(tranship.Entry, error) bool)) (err error) {
	for _, err = range entries {
		if err != nil {
			return err
		}
	}
	return nil
}

// read reads n bytes, or all if n is negative.
func read(ctx context.Context, store tranship.Store, path string, options tranship.OpenOptions, n int64) error {
	content, err := store.Open(ctx, path, options)
	if err != nil {
		return err
	}
	if n < 0 {
		_, err = io.Copy(io.Discard, content)
	} else {
		_, err = io.CopyN(io.Discard, content, n)
	}
	return errors.Join(err, content.Close(), content.Close())
}

// TestPeer checks that a line has the address of the peer of a connection.
func TestPeer(t *testing.T) {
	var log bytes.Buffer
	config := storeserver.Believing(server.Config{Policy: policy.Default(), Audit: audit.NewLog(&log, nil)})
	address := storeserver.Mount(t, new(mem.Store), config, append(server.GRPCOptions(server.Config{}), loopback.Believing()...)...)
	connected, err := client.Dial(t.Context(), address, client.Options{DialOptions: loopback.As(access.Principal{Name: "ann\u202e\x1b[2J"})})
	if err != nil {
		t.Fatal(err)
	}
	defer connected.Close()
	if _, err := connected.Stat(t.Context(), "none"); !errors.Is(err, tranship.ErrNotFound) {
		t.Fatal(err)
	}
	line := lines(t, log.Bytes())[0]
	if peer := fmt.Sprint(line["peer"]); !strings.HasPrefix(peer, "127.0.0.1:") || line["principal"] != "ann\u202e\x1b[2J" || line["source"] != "test" {
		t.Errorf("%v", line)
	}
	if strings.ContainsAny(log.String(), "\u202e\x1b") {
		t.Errorf("not escaped: %q", log.String())
	}
}

func TestRangeReader(t *testing.T) {
	storetest.TestRangeReader(t, func(t *testing.T) tranship.Store {
		return audit.New(new(mem.Store), audit.NewLog(io.Discard, nil))
	})
}
