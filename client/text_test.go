package client_test

import (
	"errors"
	"io/fs"
	"maps"
	"slices"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/store/mem"
)

// notText is not UTF-8, and so not a string of protobuf.
const notText = "a\xff"

// textCase is a call with one string that is not UTF-8, and the fields of messages for it.
type textCase struct {
	field  string
	fields []string
	call   func() error
}

// textCases returns calls of every method, one for each of its strings. The store has a
// file "file".
func textCases(t *testing.T, c *client.Client) map[string]textCase {
	ctx := t.Context()
	put := func(spec tranship.Spec) func() error {
		return func() error {
			_, err := c.Put(ctx, spec, nil)
			return err
		}
	}
	begin := func(spec tranship.Spec) func() error {
		return func() error {
			upload, err := c.Begin(ctx, spec)
			if err == nil {
				err = upload.Abort(ctx)
			}
			return err
		}
	}
	copyPart := func(source string, options tranship.OpenOptions) func() error {
		return func() error {
			upload, err := c.Begin(ctx, tranship.Spec{Path: "new", Size: new(int64(4))})
			if err != nil {
				return err
			}
			return errors.Join(upload.CopyPart(ctx, 0, source, options), upload.Abort(ctx))
		}
	}
	open := func(path string, options tranship.OpenOptions) func() error {
		return func() error {
			content, err := c.Open(ctx, path, options)
			if err == nil {
				err = content.Close()
			}
			return err
		}
	}
	list := func(options tranship.ListOptions) func() error {
		return func() error {
			for _, err := range c.List(ctx, options) {
				if err != nil {
					return err
				}
			}
			return nil
		}
	}
	set := func(path string, attributes tranship.Attributes, precondition tranship.Precondition) func() error {
		return func() error {
			_, err := c.SetAttributes(ctx, path, attributes, precondition)
			return err
		}
	}
	remove := func(path string, precondition tranship.Precondition) func() error {
		return func() error { return c.Remove(ctx, path, precondition) }
	}
	cases := map[string]textCase{
		"Stat": {"path", []string{"StatRequest.path"}, func() error {
			_, err := c.Stat(ctx, notText)
			return err
		}},
		"Fetch": {"path", []string{"Open.path"}, func() error {
			_, _, err := c.Fetch(ctx, notText, 4)
			return err
		}},
		"Open":         {"path", []string{"Open.path"}, open(notText, tranship.OpenOptions{})},
		"Open version": {"version", []string{"Open.version"}, open("file", tranship.OpenOptions{Version: notText})},
		"VerifyFile": {"path", []string{"VerifyFileRequest.path"}, func() error {
			_, err := c.VerifyFile(ctx, notText, client.VerifyOptions{})
			return err
		}},
		"VerifyFile version": {"version", []string{"VerifyFileRequest.version"}, func() error {
			_, err := c.VerifyFile(ctx, "file", client.VerifyOptions{Version: notText})
			return err
		}},
		"List":             {"directory", []string{"ListRequest.directory"}, list(tranship.ListOptions{Directory: notText})},
		"List start after": {"start_after", []string{"ListRequest.start_after"}, list(tranship.ListOptions{StartAfter: notText})},
		"List prefix":      {"prefix", []string{"ListRequest.prefix"}, list(tranship.ListOptions{Prefix: notText})},
		"List end before":  {"end_before", []string{"ListRequest.end_before"}, list(tranship.ListOptions{EndBefore: notText})},
		"Put":              {"path", []string{"Put.path"}, put(tranship.Spec{Path: notText})},
		"Put metadata": {
			"attributes.metadata",
			[]string{"Metadata.entries"},
			put(tranship.Spec{Path: "new", Attributes: tranship.Attributes{Metadata: map[string]string{"key": notText}}}),
		},
		"Put metadata key": {
			"attributes.metadata",
			[]string{"Metadata.entries"},
			put(tranship.Spec{Path: "new", Attributes: tranship.Attributes{Metadata: map[string]string{notText: ""}}}),
		},
		"Put owner":        {"owner", nil, put(tranship.Spec{Path: "new", Owner: notText})},
		"Begin":            {"path", []string{"Begin.path"}, begin(tranship.Spec{Path: notText})},
		"Begin resume key": {"resume_key", []string{"Begin.resume_key"}, begin(tranship.Spec{Path: "new", Size: new(int64(4)), ResumeKey: notText})},
		"Begin owner":      {"owner", nil, begin(tranship.Spec{Path: "new", Owner: notText})},
		"CopyPart":         {"path", []string{"CopyPart.source_path"}, copyPart(notText, tranship.OpenOptions{})},
		"CopyPart version": {"version", []string{"CopyPart.source_version"}, copyPart("file", tranship.OpenOptions{Version: notText})},
		"Commit metadata": {"attributes.metadata", []string{"Metadata.entries"}, func() error {
			upload, err := c.Begin(ctx, tranship.Spec{Path: "new"})
			if err != nil {
				return err
			}
			_, err = upload.Commit(ctx, tranship.Commit{Attributes: tranship.Attributes{Metadata: map[string]string{"key": notText}}})
			return errors.Join(err, upload.Abort(ctx))
		}},
		"SetAttributes": {"path", []string{"SetAttributesRequest.path"}, set(notText, tranship.Attributes{}, tranship.Precondition{})},
		"RemoveAll": {"path", []string{"DeleteTreeRequest.directory"}, func() error {
			_, err := c.RemoveAll(ctx, notText, tranship.RemoveAllOptions{})
			return err
		}},
		"Remove": {"path", []string{"DeleteRequest.path"}, remove(notText, tranship.Precondition{})},
		"Move source": {"path", []string{"MoveRequest.source_path"}, func() error {
			_, err := c.Move(ctx, notText, "new", tranship.Precondition{})
			return err
		}},
		"Move destination": {"path", []string{"MoveRequest.destination_path"}, func() error {
			_, err := c.Move(ctx, "file", notText, tranship.Precondition{})
			return err
		}},
		"Move source version": {"source_version", []string{"MoveRequest.source_version"}, func() error {
			_, err := c.Move(ctx, "file", "new", tranship.Precondition{MustMatchSourceVersion: notText})
			return err
		}},
		"Copy source": {"path", []string{"CopyRequest.source_path", "CopyFileRequest.source_path"}, func() error {
			_, err := c.Copy(ctx, notText, "new", tranship.Precondition{})
			return err
		}},
		"Copy destination": {"path", []string{"CopyRequest.destination_path", "CopyFileRequest.destination_path"}, func() error {
			_, err := c.Copy(ctx, "file", notText, tranship.Precondition{})
			return err
		}},
		"Copy source version": {"source_version", []string{"CopyRequest.source_version", "CopyFileRequest.source_version"}, func() error {
			_, err := c.Copy(ctx, "file", "new", tranship.Precondition{MustMatchSourceVersion: notText})
			return err
		}},
		"ListUploads": {"directory", []string{"ListUploadsRequest.directory"}, func() error {
			for _, err := range c.ListUploads(ctx, notText) {
				return err
			}
			return nil
		}},
		"AbortUpload": {"upload_id", []string{"AbortUploadRequest.upload_id"}, func() error { return c.AbortUpload(ctx, notText) }},
	}
	for what, precondition := range map[string]tranship.Precondition{
		"must_match_version":  {MustMatchVersion: notText},
		"must_match_revision": {MustMatchRevision: notText},
	} {
		field, fields := "precondition."+what, []string{"Precondition." + what}
		cases["Put "+what] = textCase{field, fields, put(tranship.Spec{Path: "new", Precondition: precondition})}
		cases["Begin "+what] = textCase{field, fields, begin(tranship.Spec{Path: "new", Precondition: precondition})}
		cases["SetAttributes "+what] = textCase{field, fields, set("file", tranship.Attributes{Mode: new(fs.FileMode(0o600))}, precondition)}
		cases["Remove "+what] = textCase{field, fields, remove("file", precondition)}
		cases["Move "+what] = textCase{field, fields, func() error {
			_, err := c.Move(ctx, "file", "new", precondition)
			return err
		}}
		cases["Copy "+what] = textCase{field, fields, func() error {
			_, err := c.Copy(ctx, "file", "new", precondition)
			return err
		}}
	}
	return cases
}

// TestStringsThatAreNotText checks that strings of a caller that are not UTF-8 fail with an
// *InvalidError, and not in protobuf.
func TestStringsThatAreNotText(t *testing.T) {
	store := new(mem.Store)
	kept, err := store.Put(t.Context(), tranship.Spec{Path: "file"}, []byte("data"))
	if err != nil {
		t.Fatal(err)
	}
	cases := textCases(t, connect(t, store, client.Options{}))
	covered := map[string]bool{"Begin.upload_id": true} // it comes from the server
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			err := test.call()
			invalid, ok := errors.AsType[*tranship.InvalidError](err)
			if !ok || invalid.Field != test.field {
				t.Errorf("is %v, want an *InvalidError of %s", err, test.field)
			}
		})
		for _, field := range test.fields {
			covered[field] = true
		}
	}
	for _, field := range slices.Sorted(maps.Keys(requestTexts())) {
		if !covered[field] {
			t.Errorf("no case has a string in %s", field)
		}
	}
	var left []string
	for entry, err := range store.List(t.Context(), tranship.ListOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		left = append(left, entry.Path)
	}
	if now, err := store.Stat(t.Context(), "file"); err != nil || now.Revision() != kept.Revision() || len(left) != 1 {
		t.Errorf("the store has %q, and %+v, %v instead of %+v", left, now, err, kept)
	}
}

// requestTexts returns the fields with strings of all messages of a client.
func requestTexts() map[string]bool {
	texts := map[string]bool{}
	seen := map[protoreflect.FullName]bool{}
	var visit func(message protoreflect.MessageDescriptor)
	visit = func(message protoreflect.MessageDescriptor) {
		if seen[message.FullName()] {
			return
		}
		seen[message.FullName()] = true
		for i := range message.Fields().Len() {
			field := message.Fields().Get(i)
			switch {
			case field.IsMap(), field.Kind() == protoreflect.StringKind:
				texts[string(message.Name()+"."+field.Name())] = true
			case field.Kind() == protoreflect.MessageKind:
				visit(field.Message())
			}
		}
	}
	service := transhipv1.File_tranship_v1_file_service_proto.Services().ByName("FileService")
	for i := range service.Methods().Len() {
		visit(service.Methods().Get(i).Input())
	}
	return texts
}
