package tlsconfig

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"strings"
)

// Fingerprint identifies a public key: it is the SHA-256 of the key as it is in a
// certificate (SubjectPublicKeyInfo, DER). It depends on the key only, so that it stays the
// same when the certificate is renewed or gets other names.
type Fingerprint [sha256.Size]byte

// fingerprintPrefix names the hash function of a fingerprint.
const fingerprintPrefix = "sha256:"

// FingerprintOf returns the fingerprint of the key of a certificate.
func FingerprintOf(certificate *x509.Certificate) Fingerprint {
	return sha256.Sum256(certificate.RawSubjectPublicKeyInfo)
}

// ParseFingerprint parses the format of String, in upper or lower case.
func ParseFingerprint(text string) (Fingerprint, error) {
	var f Fingerprint
	digits, ok := strings.CutPrefix(strings.ToLower(text), fingerprintPrefix)
	if !ok || len(digits) != hex.EncodedLen(len(f)) {
		return Fingerprint{}, fmt.Errorf("%q is not a fingerprint: it must be sha256: and 64 hexadecimal digits", text)
	}
	if _, err := hex.Decode(f[:], []byte(digits)); err != nil {
		return Fingerprint{}, fmt.Errorf("%q is not a fingerprint: it must be sha256: and 64 hexadecimal digits", text)
	}
	return f, nil
}

// String returns "sha256:" and 64 lower-case hexadecimal digits.
func (f Fingerprint) String() string { return fingerprintPrefix + hex.EncodeToString(f[:]) }

// MarshalText implements encoding.TextMarshaler with the format of String, so that logs and
// other JSON have text in place of a list of numbers.
func (f Fingerprint) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler with ParseFingerprint.
func (f *Fingerprint) UnmarshalText(text []byte) error {
	parsed, err := ParseFingerprint(string(text))
	if err == nil {
		*f = parsed
	}
	return err
}
