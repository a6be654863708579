package tranship_test

import (
	"errors"
	"testing"

	"github.com/tranship/tranship"
)

func TestPrecondition(t *testing.T) {
	for name, test := range map[string]struct {
		precondition tranship.Precondition
		// field is the field that is invalid for a change of one file; "" for none.
		field string
		// transplant is the field that is invalid for a move or copy; "" for none.
		transplant string
	}{
		"none":           {tranship.Precondition{}, "", ""},
		"no file":        {tranship.Precondition{MustNotExist: true}, "", ""},
		"version":        {tranship.Precondition{MustMatchVersion: "v"}, "", ""},
		"revision":       {tranship.Precondition{MustMatchRevision: "r"}, "", ""},
		"source":         {tranship.Precondition{MustMatchSourceVersion: "v"}, "source_version", ""},
		"source and one": {tranship.Precondition{MustMatchSourceVersion: "v", MustMatchRevision: "r"}, "source_version", ""},
		"first two":      {tranship.Precondition{MustNotExist: true, MustMatchVersion: "v"}, "precondition", "precondition"},
		"last two":       {tranship.Precondition{MustMatchVersion: "v", MustMatchRevision: "r"}, "precondition", "precondition"},
		"outer two":      {tranship.Precondition{MustNotExist: true, MustMatchRevision: "r"}, "precondition", "precondition"},
		"version that is not text": {
			tranship.Precondition{MustMatchVersion: "\xff"}, "precondition.must_match_version", "precondition.must_match_version",
		},
		"revision that is not text": {
			tranship.Precondition{MustMatchRevision: "\xff"}, "precondition.must_match_revision", "precondition.must_match_revision",
		},
		"source that is not text": {tranship.Precondition{MustMatchSourceVersion: "\xff"}, "source_version", "source_version"},
	} {
		for what, got := range map[string]struct {
			err   error
			field string
		}{
			"Validate":           {test.precondition.Validate(), test.field},
			"ValidateTransplant": {test.precondition.ValidateTransplant(), test.transplant},
			"Spec.Validate":      {tranship.Spec{Path: "a", Precondition: test.precondition}.Validate(), test.field},
		} {
			invalid, _ := errors.AsType[*tranship.InvalidError](got.err)
			if (got.err == nil) != (got.field == "") || got.err != nil && (invalid == nil || invalid.Field != got.field) {
				t.Errorf("%s of %s is %v, want a failure of %q", what, name, got.err, got.field)
			}
		}
	}
}
