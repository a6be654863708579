package links

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"strings"
)

const (
	// ownerBytes is how much of the hash of a principal's name is in an id, so that the links of
	// a principal can be listed without those of others.
	ownerBytes = 5
	// randomBytes is how much of an id is random.
	randomBytes = 10
	// secretBytes is the length of the secret of a token: 160 bits.
	secretBytes = 20

	// idLength is the length of an id, and tokenLength that of a token, which is an id and a secret.
	idLength    = (ownerBytes + randomBytes) * 8 / 5
	tokenLength = idLength + secretBytes*8/5
)

// encode returns text of lower-case letters and digits. All lengths above are multiples of 5 bytes,
// so that each value has one text.
func encode(data []byte) string {
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(data))
}

// isEncoded reports whether encode returns text for some value.
func isEncoded(text string) bool {
	return strings.Trim(text, "abcdefghijklmnopqrstuvwxyz234567") == ""
}

// ownerPrefix is the beginning of the ids of a principal's links. Other principals may have the same.
func ownerPrefix(principal string) string {
	sum := sha256.Sum256([]byte(principal))
	return encode(sum[:ownerBytes])
}

// newToken returns a new token for a link of a principal.
func newToken(principal string) (id, secret string) {
	var data [randomBytes + secretBytes]byte
	_, _ = rand.Read(data[:]) // never fails
	return ownerPrefix(principal) + encode(data[:randomBytes]), encode(data[randomBytes:])
}

// parseToken returns the parts of a token.
func parseToken(token string) (id, secret string, ok bool) {
	if len(token) != tokenLength || !isEncoded(token) {
		return "", "", false
	}
	return token[:idLength], token[idLength:], true
}

// isID reports whether text can be an id.
func isID(text string) bool { return len(text) == idLength && isEncoded(text) }

// hashOf is what a record has of a secret. The secret has 160 random bits: a slow hash would add
// nothing.
func hashOf(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}
