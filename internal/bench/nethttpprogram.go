package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
)

// largeFrames returns settings for large frames, and windows that hold several.
func largeFrames() *http.HTTP2Config {
	return &http.HTTP2Config{
		MaxReadFrameSize:              1 << 20,
		MaxReceiveBufferPerConnection: 64 << 20,
		MaxReceiveBufferPerStream:     4 << 20,
	}
}

// http2Only returns the only protocol of both ends, without and with TLS.
func http2Only() *http.Protocols {
	protocols := &http.Protocols{}
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	return protocols
}

// netHTTPServe is the server. It stores the bodies of POST requests, and serves files to
// GET requests.
func netHTTPServe(flags copyFlags) error {
	secret, err := flags.keys.serverTLS()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{
		Protocols: http2Only(), HTTP2: largeFrames(), TLSConfig: secret,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := netHTTPAnswer(w, r, flags); err != nil {
				fmt.Fprintln(os.Stderr, "net/http:", err)
				panic(http.ErrAbortHandler)
			}
		}),
	}
	fmt.Println(listener.Addr())
	if secret != nil {
		return server.ServeTLS(listener, "", "")
	}
	return server.Serve(listener)
}

func netHTTPAnswer(w http.ResponseWriter, r *http.Request, flags copyFlags) error {
	if r.Method == http.MethodPost {
		return receiveTree(bufio.NewReaderSize(plainReader{r.Body}, rawBuffer), flags.root, flags.durable)
	}
	name := r.URL.Path
	return sendTree(bufio.NewWriterSize(plainWriter{w}, rawBuffer), filepath.Join(flags.root, name), filepath.Base(name))
}

// netHTTPCopy is the client.
func netHTTPCopy(flags copyFlags) error {
	secret, err := flags.keys.clientTLS()
	if err != nil {
		return err
	}
	address := "http://" + flags.address
	if secret != nil {
		address = "https://" + flags.address
	}
	client := &http.Client{Transport: &http.Transport{
		Protocols: http2Only(), HTTP2: largeFrames(), TLSClientConfig: secret, DisableCompression: true,
	}}
	if flags.down {
		response, err := client.Get(address + "/" + flags.remote)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		return receiveTree(bufio.NewReaderSize(plainReader{response.Body}, rawBuffer), filepath.Dir(flags.local), flags.durable)
	}
	body, into := io.Pipe()
	go func() {
		into.CloseWithError(sendTree(bufio.NewWriterSize(plainWriter{into}, rawBuffer), flags.local, flags.remote))
	}()
	response, err := client.Post(address+"/", "application/octet-stream", body)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	if response.StatusCode != http.StatusOK {
		err = errors.Join(err, errors.New(response.Status))
	}
	return err
}
