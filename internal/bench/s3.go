package main

import (
	"context"
	"path"
	"path/filepath"
)

// s3 is object storage: each directory of the root is a bucket.
type s3 struct{}

func (s3) name() string { return "s3" }

func (s3) about() string {
	return "rclone to versitygw, an S3 server that keeps objects as files; 16 transfers at once"
}

func (s3) lacks(_ *lab, c benchCase) string {
	switch {
	case c.durable:
		return "has no such option"
	case c.workload == again:
		return "compares by other means than a size and a time"
	case c.workload == clients:
		return "measured with one client"
	case versitygw() == "":
		return missing("versitygw")
	case program("rclone") == "":
		return missing("rclone")
	}
	return ""
}

// versitygw returns the path of the server, installed or built by tools/bench-setup.sh.
func versitygw() string { return program("versitygw", "build/tools/versitygw") }

// The credentials of the server, which exists only during the benchmark.
const s3Key, s3Secret = "bench", "benchbench"

func (s3) serve(ctx context.Context, s site) (*service, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	binary, err := filepath.Abs(versitygw())
	if err != nil {
		return nil, err
	}
	args := []string{binary, "--port", "127.0.0.1:" + port, "--access", s3Key, "--secret", s3Secret, "--quiet", "--keep-alive"}
	if s.tls {
		args = append(args, "--cert", s.keys.certificate, "--key", s.keys.key)
	}
	return startListening(ctx, command{args: append(args, "posix", s.root), dir: s.dir}, port)
}

func (s3) copy(j job) (command, error) {
	endpoint := "http://"
	args := []string{
		program("rclone"), "--config", filepath.Join(j.dir, "rclone.conf"), "--s3-no-check-bucket",
		"--transfers", "16", "--no-traverse", "--retries", "1",
		// The server does not ask for the body, so that rclone would wait a second for
		// each part.
		"--expect-continue-timeout", "1ms",
	}
	if j.tls {
		endpoint = "https://"
		args = append(args, "--ca-cert", j.keys.certificate)
	}
	verb := "copyto"
	if j.names != nil {
		verb = "copy"
	}
	from, to := j.local, ":s3:"+path.Clean(j.remote)
	if j.down {
		from, to = to, from
	}
	env := []string{
		"RCLONE_S3_PROVIDER=Other", "RCLONE_S3_ENDPOINT=" + endpoint + j.address, "RCLONE_S3_REGION=us-east-1",
		"RCLONE_S3_ACCESS_KEY_ID=" + s3Key, "RCLONE_S3_SECRET_ACCESS_KEY=" + s3Secret,
		// Override the machine's setting, because rclone refuses it together with its
		// own.
		"AWS_CA_BUNDLE=",
	}
	return command{args: append(args, verb, from, to), env: env}, nil
}
