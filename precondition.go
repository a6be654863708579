package tranship

import "unicode/utf8"

// Precondition decides whether a change may take effect, at the moment it does.
// The zero value always allows it. At most one of MustNotExist, MustMatchVersion and
// MustMatchRevision may be set; a store refuses others with an *InvalidError. A store that
// cannot decide a revision or a source version fails with ErrUnsupported.
type Precondition struct {
	// MustNotExist: there must be no file at the path; otherwise ErrExists.
	MustNotExist bool
	// MustMatchVersion, when not empty: the file at the path must have this
	// version; otherwise, or when there is none, ErrPrecondition.
	MustMatchVersion string
	// MustMatchRevision, when not empty: the file at the path must have this
	// File.Revision, which is its version and all of its attributes; otherwise, or when
	// there is none, ErrPrecondition.
	MustMatchRevision string
	// MustMatchSourceVersion, when not empty, is for Move and Copy, beside any of the
	// others: the source must have this version; otherwise ErrPrecondition. Every other
	// change refuses it with an *InvalidError.
	MustMatchSourceVersion string
}

// Validate reports whether a change of one file may have the precondition. The error is
// an *InvalidError.
func (p Precondition) Validate() error {
	if p.MustMatchSourceVersion != "" {
		return &InvalidError{Field: "source_version", Rule: "only a move or a copy has a source"}
	}
	return p.ValidateTransplant()
}

// ValidateTransplant reports whether Move or Copy may have the precondition. The error is
// an *InvalidError.
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

// validateText reports whether text can be sent to another machine.
func validateText(field, text string) error {
	if !utf8.ValidString(text) {
		return &InvalidError{Field: field, Rule: "must be valid UTF-8"}
	}
	return nil
}
