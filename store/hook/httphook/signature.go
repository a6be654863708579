package httphook

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// secretPrefix begins a secret of Standard Webhooks, whose key is in base64.
const secretPrefix = "whsec_"

// maxAge is how old a request may be that Verify accepts, and how far in the future.
const maxAge = 5 * time.Minute

// key returns the key of a secret: the decoded text after "whsec_", or the bytes as they are,
// without white space around them.
func key(secret []byte) []byte {
	secret = bytes.TrimSpace(secret)
	if encoded, ok := bytes.CutPrefix(secret, []byte(secretPrefix)); ok {
		if decoded, err := base64.StdEncoding.DecodeString(string(encoded)); err == nil {
			return decoded
		}
	}
	return secret
}

// signature returns the signature of a body.
func signature(secret []byte, id, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, key(secret))
	mac.Write([]byte(id + "." + timestamp + "."))
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// sign sets the header of a request that is sent at a time.
func sign(header http.Header, secret []byte, id string, at time.Time, body []byte) {
	timestamp := strconv.FormatInt(at.Unix(), 10)
	header.Set("Webhook-Id", id)
	header.Set("Webhook-Timestamp", timestamp)
	header.Set("Webhook-Signature", signature(secret, id, timestamp, body))
}

// Verify fails unless a request with a header and a body was signed with a secret within five
// minutes of now. It is for hooks that are written in Go.
func Verify(header http.Header, body, secret []byte, now time.Time) error {
	timestamp := header.Get("Webhook-Timestamp")
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return errors.New("the request has no valid Webhook-Timestamp")
	}
	if age := now.Sub(time.Unix(seconds, 0)); age > maxAge || age < -maxAge {
		return errors.New("the request is too old, or the clocks differ: Webhook-Timestamp is more than five minutes away")
	}
	want := []byte(signature(secret, header.Get("Webhook-Id"), timestamp, body))
	for one := range strings.FieldsSeq(header.Get("Webhook-Signature")) {
		if hmac.Equal([]byte(one), want) {
			return nil
		}
	}
	return errors.New("the request was not signed with the secret")
}
