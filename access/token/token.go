// Package token authenticates callers by bearer tokens whose hashes are in a file of the
// server. The file has one line for each token, and people can read and edit it. New makes
// a token and its line. An Authenticator accepts the tokens that the file has at the
// moment.
//
// A token is 256 random bits, so that it cannot be guessed. The file therefore needs only
// its SHA-256. A slow hash, as for passwords, would only help attackers to keep the server
// busy. An attacker who can read the file learns no token; one who can write it can add a
// token.
package token

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"strings"
)

// Prefix is the prefix of every token, by which people and scanners for secrets recognize
// tokens. All tokens match tsp_[a-z2-7]{58}.
const Prefix = "tsp_"

const (
	secretBytes   = 32
	checksumBytes = 4
)

// encoding returns the encoding of the text after the prefix, which is the secret and its
// CRC32C in big-endian order.
func encoding() *base32.Encoding {
	return base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)
}

// generate returns a new token.
func generate() string {
	secret := make([]byte, secretBytes, secretBytes+checksumBytes)
	_, _ = rand.Read(secret) // never fails
	return encode(secret)
}

func encode(secret []byte) string {
	return Prefix + encoding().EncodeToString(binary.BigEndian.AppendUint32(secret, checksum(secret)))
}

func checksum(secret []byte) uint32 {
	return crc32.Checksum(secret, crc32.MakeTable(crc32.Castagnoli))
}

// Check returns an error if token does not have the form of a token, for example because
// it was not copied completely. The error does not contain any part of the token.
func Check(token string) error {
	text, ok := strings.CutPrefix(token, Prefix)
	if !ok {
		return errors.New("a token must begin with " + Prefix)
	}
	if len(text) != encoding().EncodedLen(secretBytes+checksumBytes) {
		return errors.New("the token is too short or too long")
	}
	data, err := encoding().DecodeString(text)
	if err != nil || len(data) != secretBytes+checksumBytes {
		return errors.New("the token has characters that a token must not have")
	}
	secret := data[:secretBytes:secretBytes]
	// The last character has unused bits, which must be zero: others would result in
	// another hash.
	if encode(secret) != token {
		return errors.New("the token is mistyped: its checksum does not match")
	}
	return nil
}

// hash is the SHA-256 of the text of a token, including the prefix.
type hash [sha256.Size]byte

func hashOf(token string) hash { return sha256.Sum256([]byte(token)) }
