package main

import (
	"fmt"
	"path"
	"path/filepath"
	"strings"
)

// curlCopy returns the command of curl that copies to or from the URL path prefix.
func curlCopy(j job, prefix string) command {
	base := "http://"
	args := []string{program("curl"), "--fail", "--silent", "--show-error"}
	if j.tls {
		base = "https://"
		args = append(args, "--cacert", j.keys.certificate, "--tlsv1.3")
	}
	base += j.address + prefix
	if j.names == nil {
		return command{args: append(args, curlPair(j, base, "")...)}
	}
	var config strings.Builder
	for _, name := range j.names {
		pair := curlPair(j, base, name)
		fmt.Fprintf(&config, "%s = %q\nurl = %q\n", strings.TrimPrefix(pair[0], "--"), pair[1], pair[2])
	}
	return command{args: append(args, "--create-dirs", "--parallel", "--config", "-"), stdin: config.String()}
}

// curlPair returns the curl options for one file.
func curlPair(j job, base, name string) []string {
	flag := "--upload-file"
	if j.down {
		flag = "--output"
	}
	return []string{flag, filepath.Join(j.local, name), base + path.Join(j.remote, name)}
}
