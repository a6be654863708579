package tranship

import "unicode/utf8"

// Precondition is a condition of a change. The store checks it atomically with the
// change. The zero value always holds. At most one of MustNotExist, MustMatchVersion and
// MustMatchRevision may be set: otherwise the store returns an *InvalidError. A store that
// cannot compare revisions or source versions returns ErrUnsupported for them.
type Precondition struct {
	// MustNotExist requires that no file is at the path. Otherwise the change fails with
	// ErrExists.
	MustNotExist bool
	// MustMatchVersion, if not empty, requires that a file with this version is at the
	// path. Otherwise the change fails with ErrPrecondition.
	MustMatchVersion string
	// MustMatchRevision, if not empty, requires that a file with this File.Revision, which
	// covers its version and all of its attributes, is at the path. Otherwise the change
	// fails with ErrPrecondition.
	MustMatchRevision string
	// MustMatchSourceVersion, if not empty, requires that the source of a Move or Copy has
	// this version. Otherwise the change fails with ErrPrecondition. It may be combined
	// with any of the other fields. Changes other than Move and Copy refuse it with an
	// *InvalidError.
	MustMatchSourceVersion string
}

// Validate returns an *InvalidError if a change other than Move and Copy must refuse the
// precondition, and nil otherwise.
func (p Precondition) Validate() error {
	if p.MustMatchSourceVersion != "" {
		return &InvalidError{Field: "source_version", Rule: "only a move or a copy has a source"}
	}
	return p.ValidateTransplant()
}

// ValidateTransplant returns an *InvalidError if Move and Copy must refuse the
// precondition, and nil otherwise.
func (p Precondition) ValidateTransplant() error {
	conditions := 0
	for _, set := range []bool{p.MustNotExist, p.MustMatchVersion != "", p.MustMatchRevision != ""} {
		if set {
			conditions++
		}
	}
	if conditions > 1 {
		return &InvalidError{Field: "precondition", Rule: "a precondition must have at most one of must_not_exist, must_match_version and must_match_revision"}
	}
	if err := validateText("precondition.must_match_version", p.MustMatchVersion); err != nil {
		return err
	}
	if err := validateText("precondition.must_match_revision", p.MustMatchRevision); err != nil {
		return err
	}
	return validateText("source_version", p.MustMatchSourceVersion)
}

// validateText returns an *InvalidError if text cannot be sent to another machine.
func validateText(field, text string) error {
	if !utf8.ValidString(text) {
		return &InvalidError{Field: field, Rule: "must be valid UTF-8"}
	}
	return nil
}
