package tlsconfig

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"strings"
)

// Fingerprint names a public key: it is the SHA-256 of the key as certificates hold
// it (SubjectPublicKeyInfo, DER). It is the key's and not the certificate's, so that
// it stays the same when a certificate is renewed or gets other names.
type Fingerprint [sha256.Size]byte

// fingerprintPrefix says how a fingerprint is made.
const fingerprintPrefix = "sha256:"

// FingerprintOf is that of a certificate's key.
func FingerprintOf(certificate *x509.Certificate) Fingerprint {
	return sha256.Sum256(certificate.RawSubjectPublicKeyInfo)
}

// ParseFingerprint reads what String writes, in either letter case.
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

// String is "sha256:" and 64 lower-case hexadecimal digits.
func (f Fingerprint) String() string { return fingerprintPrefix + hex.EncodeToString(f[:]) }
