package tlsconfig_test

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/tranship/tranship/access/tlsconfig"
)

// The wanted fingerprint was computed with openssl from the same certificate:
//
//	openssl x509 -in example.pem -noout -pubkey | openssl pkey -pubin -outform der | openssl dgst -sha256
func TestFingerprint(t *testing.T) {
	const want = "sha256:0c09feb1e174d1e7e9bbb08f979b9abb1cda5cd0960fd0bd5e596d4572202cf5"
	block, _ := pem.Decode(must(os.ReadFile("testdata/example.pem")))
	got := tlsconfig.FingerprintOf(must(x509.ParseCertificate(block.Bytes)))
	if got.String() != want {
		t.Errorf("%v, want %v", got, want)
	}
	for _, text := range []string{want, strings.ToUpper(want)} {
		if parsed, err := tlsconfig.ParseFingerprint(text); err != nil || parsed != got {
			t.Errorf("%s: %v, %v", text, parsed, err)
		}
	}
	for _, text := range []string{"", "sha256:", want[7:], want[:70], want + "0", "sha512" + want[6:], want[:70] + "x", " " + want} {
		if _, err := tlsconfig.ParseFingerprint(text); err == nil {
			t.Errorf("%q is accepted as a fingerprint", text)
		}
	}
}

func TestFingerprintInJSON(t *testing.T) {
	f := tlsconfig.Fingerprint{1, 2, 0xff}
	text, err := json.Marshal(f)
	if err != nil || string(text) != strconv.Quote(f.String()) {
		t.Errorf("%s, %v", text, err)
	}
	var back tlsconfig.Fingerprint
	if err := json.Unmarshal(text, &back); err != nil || back != f {
		t.Errorf("%v, %v", back, err)
	}
	if err := json.Unmarshal([]byte(`"sha256:12"`), &back); err == nil || back != f {
		t.Errorf("%v, %v", back, err)
	}
}
