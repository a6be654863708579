package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// nginx copies over HTTP: PUT and GET with curl.
type nginx struct {
	// reads is whether the server reads the files that it sends, as a server must that
	// checks or encrypts them, instead of telling the kernel to send them.
	reads bool
}

func (n nginx) name() string {
	if n.reads {
		return "nginx-read"
	}
	return "nginx"
}

func (n nginx) about() string {
	if n.reads {
		return "nginx with sendfile off"
	}
	return "curl to nginx, PUT (its dav module) and GET, HTTP/1.1; many files with --parallel"
}

func (nginx) lacks(_ *lab, c benchCase) string {
	switch {
	case nginxProgram() == "":
		return missing("nginx")
	case program("curl") == "":
		return missing("curl")
	case c.durable:
		return "has no such option"
	case c.workload == again:
		return "copies everything again"
	}
	return ""
}

func nginxProgram() string { return program("nginx", "/usr/sbin/nginx") }

// nginxConfig receives uploads on the file system of the root, because they are renamed.
const nginxConfig = `daemon off;
master_process on;
worker_processes auto;
pid {dir}/nginx.pid;
error_log stderr error;
{user}
events { worker_connections 1024; }
http {
  access_log off;
  sendfile {sendfile};
  tcp_nopush on;
  keepalive_requests 1000000;
  client_body_temp_path {root}/.body;
  proxy_temp_path {dir}/proxy;
  fastcgi_temp_path {dir}/fastcgi;
  uwsgi_temp_path {dir}/uwsgi;
  scgi_temp_path {dir}/scgi;
  client_max_body_size 0;
  client_body_buffer_size 1m;
  server {
    listen 127.0.0.1:{port}{tls};
    {certificate}
    root {root};
    dav_methods PUT;
    create_full_put_path on;
  }
}
`

func (n nginx) serve(ctx context.Context, s site) (*service, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	words := map[string]string{"root": s.root, "port": port, "tls": "", "certificate": "", "user": "", "dir": s.dir, "sendfile": "on"}
	if n.reads {
		words["sendfile"] = "off"
	}
	if s.tls {
		words["tls"] = " ssl"
		words["certificate"] = fmt.Sprintf("ssl_certificate %s; ssl_certificate_key %s; ssl_protocols TLSv1.3;", s.keys.certificate, s.keys.key)
	}
	// The default user of nginx's workers may not write here.
	if os.Getuid() == 0 {
		words["user"] = "user root;"
	}
	config := filepath.Join(s.dir, "nginx.conf")
	if err := writeConfig(config, nginxConfig, words); err != nil {
		return nil, err
	}
	return startListening(ctx, command{forks: true, args: []string{nginxProgram(), "-p", s.dir, "-c", config, "-e", "stderr"}}, port)
}

func (nginx) copy(j job) (command, error) { return curlCopy(j, "/"), nil }
