// Package token has the bearer tokens that a server knows by itself. They are kept in
// a file, one a line, that people can read and edit; New makes a token and its line, an
// Authenticator believes what the file says at the moment.
//
// A token is 256 random bits, so that the file needs only its SHA-256: nobody can find
// a token by trying, as one would find a password, and what makes trying slow would
// only help those who want to keep a server busy. A file that gets into wrong hands
// lets nobody in; one that can be written by others does.
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

// Prefix is what every token begins with, so that it is known for what it is wherever
// it turns up. Scanners for secrets find tokens as tsp_[a-z2-7]{58}.
const Prefix = "tsp_"

const (
	secretBytes   = 32
	checksumBytes = 4
)

// encoding is that of what comes after the prefix: the secret and its CRC32C, big
// endian.
func encoding() *base32.Encoding {
	return base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)
}

// generate makes a token.
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

// Check says what is wrong with the form of a token, as when it was not copied whole.
// The error does not have any of it.
func Check(token string) error {
	text, ok := strings.CutPrefix(token, Prefix)
	if !ok {
		return errors.New("a token begins with " + Prefix)
	}
	if len(text) != encoding().EncodedLen(secretBytes+checksumBytes) {
		return errors.New("the token is not whole, or has more than itself")
	}
	data, err := encoding().DecodeString(text)
	if err != nil || len(data) != secretBytes+checksumBytes {
		return errors.New("the token has characters that no token has")
	}
	secret := data[:secretBytes:secretBytes]
	// The last character has bits to spare, which would make for another hash.
	if encode(secret) != token {
		return errors.New("the token is mistyped: its checksum does not fit")
	}
	return nil
}

// hash is what a file has of a token: the SHA-256 of its text, prefix included.
type hash [sha256.Size]byte

func hashOf(token string) hash { return sha256.Sum256([]byte(token)) }
