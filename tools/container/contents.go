package main

import (
	"bytes"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// user is the number of the user and of the group that the server runs as. It is the one of
// deploy/helm and of other images without a shell.
const user = 65532

// A file is a file of the image, or a directory if its name ends in a slash.
type file struct {
	name  string
	mode  int64
	owner int
	data  []byte
}

// contents returns the files of the image in the order of the layer: a directory precedes its files.
func contents(stage string) ([]file, error) {
	staged := map[string][]byte{}
	for _, name := range []string{"tranship", "copyright", "modules.cdx.json"} {
		data, err := fs.ReadFile(os.DirFS(stage), name)
		if err != nil {
			return nil, err
		}
		staged[name] = data
	}
	authorities, err := authorities()
	if err != nil {
		return nil, err
	}
	// Programs look up the name of a user in passwd. The server needs none.
	passwd := fmt.Appendf(nil, "root:x:0:0:root:/:/sbin/nologin\ntranship:x:%d:%d:tranship:/data:/sbin/nologin\n", user, user)
	group := fmt.Appendf(nil, "root:x:0:\ntranship:x:%d:\n", user)
	return []file{
		{name: "data/", mode: 0o750, owner: user},
		{name: "etc/", mode: 0o755},
		{name: "etc/group", mode: 0o644, data: group},
		{name: "etc/passwd", mode: 0o644, data: passwd},
		{name: "etc/ssl/", mode: 0o755},
		{name: "etc/ssl/certs/", mode: 0o755},
		{name: "etc/ssl/certs/ca-certificates.crt", mode: 0o644, data: authorities},
		{name: "tmp/", mode: 0o1777},
		{name: "usr/", mode: 0o755},
		{name: "usr/bin/", mode: 0o755},
		{name: "usr/bin/tranship", mode: 0o755, data: staged["tranship"]},
		{name: "usr/share/", mode: 0o755},
		{name: "usr/share/doc/", mode: 0o755},
		{name: "usr/share/doc/tranship/", mode: 0o755},
		{name: "usr/share/doc/tranship/copyright", mode: 0o644, data: staged["copyright"]},
		{name: "usr/share/doc/tranship/modules.cdx.json", mode: 0o644, data: staged["modules.cdx.json"]},
	}, nil
}

// authorities returns the authorities that Mozilla trusts, as PEM, which clients of S3 and of OpenID
// issuers need. A file of PEM cannot express a constraint, such as a date after which an authority
// must not issue: an authority with one is left out.
func authorities() ([]byte, error) {
	var out bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint != nil {
			continue
		}
		if err := pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}); err != nil {
			return nil, err
		}
	}
	if out.Len() == 0 {
		return nil, errors.New("the module golang.org/x/crypto/x509roots/fallback has no authorities")
	}
	return out.Bytes(), nil
}
