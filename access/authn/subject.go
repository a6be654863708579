package authn

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/tranship/tranship/access"
)

var (
	oidCommonName             = asn1.ObjectIdentifier{2, 5, 4, 3}
	oidSubjectAlternativeName = asn1.ObjectIdentifier{2, 5, 29, 17}
	// absoluteURI matches the beginning of an absolute URI (RFC 3986, section 3.1).
	absoluteURI = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:`)
)

// tagURI is the tag of a uniformResourceIdentifier in a GeneralName (RFC 5280, section
// 4.2.1.6).
const tagURI = 6

// subject returns the principal that a certificate names.
func subject(certificate *x509.Certificate) (access.Principal, error) {
	name, err := uriOf(certificate)
	if err == nil && name == "" {
		name, err = commonNameOf(certificate)
	}
	if err != nil {
		return access.Principal{}, err
	}
	principal := access.Principal{Name: certificatePrefix + name, Source: SourceCertificate}
	for _, organization := range certificate.Subject.Organization {
		if err := validatePlain("organization", organization); err != nil {
			return access.Principal{}, err
		}
		principal.Groups = append(principal.Groups, certificatePrefix+organization)
	}
	for _, name := range append([]string{principal.Name}, principal.Groups...) {
		if err := access.ValidateName(name); err != nil {
			return access.Principal{}, err
		}
	}
	return principal, nil
}

// commonNameOf returns the only common name of the subject.
func commonNameOf(certificate *x509.Certificate) (string, error) {
	count := 0
	for _, attribute := range certificate.Subject.Names {
		if attribute.Type.Equal(oidCommonName) {
			count++
		}
	}
	name := certificate.Subject.CommonName
	switch {
	case count > 1:
		return "", fmt.Errorf("the certificate has %d common names", count)
	case name == "":
		return "", errors.New("the certificate has neither a URI nor a common name")
	case absoluteURI.MatchString(name):
		return "", fmt.Errorf("the common name %q could be mistaken for a URI", name)
	}
	return name, validatePlain("common name", name)
}

// validatePlain refuses a name with white space at an end, which looks like the name
// without it.
func validatePlain(what, name string) error {
	if strings.TrimSpace(name) != name {
		return fmt.Errorf("the %s %q begins or ends with white space", what, name)
	}
	return nil
}

// uriOf returns the first URI of the subject's alternative names, as the certificate
// spells it, except that its scheme is in lower case. It returns "" if there is none.
func uriOf(certificate *x509.Certificate) (string, error) {
	if len(certificate.URIs) == 0 {
		return "", nil
	}
	// url.URL does not distinguish "urn:a" from "urn:a#".
	text := certificate.URIs[0].String()
	index := slices.IndexFunc(certificate.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(oidSubjectAlternativeName) })
	if index >= 0 {
		var err error
		if text, err = firstURI(certificate.Extensions[index].Value); err != nil {
			return "", err
		}
	}
	parsed, err := url.Parse(text)
	if err != nil || !parsed.IsAbs() {
		return "", fmt.Errorf("the URI %q is not absolute", text)
	}
	scheme, rest, _ := strings.Cut(text, ":")
	return strings.ToLower(scheme) + ":" + rest, nil
}

// firstURI returns the first URI in the value of a SubjectAltName extension.
func firstURI(value []byte) (string, error) {
	var names []asn1.RawValue
	if rest, err := asn1.Unmarshal(value, &names); err != nil || len(rest) > 0 {
		return "", errors.New("the subject's alternative names are malformed")
	}
	for _, name := range names {
		if name.Class == asn1.ClassContextSpecific && name.Tag == tagURI {
			return string(name.Bytes), nil
		}
	}
	return "", errors.New("the subject's alternative names have no URI")
}
