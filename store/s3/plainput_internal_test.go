package s3

import (
	"net/http"
	"net/url"
	"testing"
)

// TestPutTarget learns from requests of the client, or does not.
func TestPutTarget(t *testing.T) {
	const signed = "AWS4-HMAC-SHA256 Credential=KEY/20260102/eu-north-1/s3/aws4_request, SignedHeaders=host, Signature=00"
	for _, test := range []struct {
		url, key, authorization, payload string
		want                             *putTarget
	}{
		{"https://b.s3.eu-north-1.amazonaws.com/d/a%20b?x-id=PutObject", "d/a b", signed, unsignedPayload, &putTarget{"https", "b.s3.eu-north-1.amazonaws.com", "/", "eu-north-1"}},
		{"http://[::1]:9000/bucket/p/f", "p/f", signed, unsignedPayload, &putTarget{"http", "[::1]:9000", "/bucket/", "eu-north-1"}},
		{"http://host/bucket/p/f", "other", signed, unsignedPayload, nil},
		{"http://host/bucket/p/f", "", signed, unsignedPayload, nil},
		{"http://host/a%20bucket/f", "f", signed, unsignedPayload, nil},
		{"http://host/bucket/f", "f", signed, "e3b0c44298fc1c14", nil},
		{"http://host/bucket/f", "f", "", unsignedPayload, nil},
		{"http://host/bucket/f", "f", "AWS4-ECDSA-P256-SHA256 Credential=KEY/20260102/s3/aws4_request, SignedHeaders=host", unsignedPayload, nil},
		{"http://host/bucket/f", "f", "AWS4-HMAC-SHA256 Credential=KEY/20260102/eu-north-1/s3express/aws4_request, SignedHeaders=host", unsignedPayload, nil},
		{"http://host/bucket/f", "f", "AWS4-HMAC-SHA256 Credential=s3/aws4_request", unsignedPayload, nil},
	} {
		parsed, err := url.Parse(test.url)
		if err != nil {
			t.Fatal(err)
		}
		request := &http.Request{URL: parsed, Header: http.Header{"Authorization": {test.authorization}, "X-Amz-Content-Sha256": {test.payload}}}
		got := newPutTarget(request, test.key)
		if (got == nil) != (test.want == nil) || got != nil && *got != *test.want {
			t.Errorf("a request to %s for %q with %q teaches %+v, want %+v", test.url, test.key, test.authorization, got, test.want)
		}
	}
}
