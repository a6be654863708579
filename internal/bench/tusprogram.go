package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
)

// tusCopy is a client of the tus protocol, version 1.0.0 (https://tus.io/protocols/resumable-upload).
// An upload writes the URL that the server gave the file to flags.record; a download reads
// it from there.
func tusCopy(flags copyFlags) error {
	secret, err := flags.keys.clientTLS()
	if err != nil {
		return err
	}
	scheme := "http"
	if secret != nil {
		scheme = "https"
	}
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig: secret, DisableCompression: true, WriteBufferSize: rawBuffer, ReadBufferSize: rawBuffer,
	}}
	if flags.down {
		return tusDownload(client, flags)
	}
	return tusUpload(client, scheme+"://"+flags.address+tusBase, flags)
}

func tusUpload(client *http.Client, endpoint string, flags copyFlags) error {
	file, err := os.Open(flags.local)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	post, err := http.NewRequest(http.MethodPost, endpoint, http.NoBody)
	if err != nil {
		return err
	}
	post.Header.Set("Tus-Resumable", "1.0.0")
	post.Header.Set("Upload-Length", fmt.Sprint(info.Size()))
	post.Header.Set("Upload-Metadata", "filename "+base64.StdEncoding.EncodeToString([]byte(path.Base(flags.remote))))
	created, err := tusDo(client, post, http.StatusCreated)
	if err != nil {
		return err
	}
	location, err := url.Parse(created.Header.Get("Location"))
	if err != nil {
		return err
	}
	location = post.URL.ResolveReference(location)
	patch, err := http.NewRequest(http.MethodPatch, location.String(), file)
	if err != nil {
		return err
	}
	patch.ContentLength = info.Size()
	patch.Header.Set("Tus-Resumable", "1.0.0")
	patch.Header.Set("Upload-Offset", "0")
	patch.Header.Set("Content-Type", "application/offset+octet-stream")
	patched, err := tusDo(client, patch, http.StatusNoContent)
	if err != nil {
		return err
	}
	if got := patched.Header.Get("Upload-Offset"); got != fmt.Sprint(info.Size()) {
		return fmt.Errorf("the server has %s of %d bytes", got, info.Size())
	}
	return os.WriteFile(flags.record, []byte(location.String()), 0o600)
}

// tusDo sends a request and discards the body of its response.
func tusDo(client *http.Client, request *http.Request, want int) (*http.Response, error) {
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	_, err = io.Copy(io.Discard, response.Body)
	err = errors.Join(err, response.Body.Close())
	if response.StatusCode != want {
		err = errors.Join(err, fmt.Errorf("%s %s: %s", request.Method, request.URL, response.Status))
	}
	return response, err
}

func tusDownload(client *http.Client, flags copyFlags) error {
	location, err := os.ReadFile(flags.record)
	if err != nil {
		return err
	}
	response, err := client.Get(string(location))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return errors.New(response.Status)
	}
	file, err := os.Create(flags.local)
	if err != nil {
		return err
	}
	_, err = io.CopyBuffer(plainWriter{file}, response.Body, make([]byte, rawBuffer))
	return errors.Join(err, file.Close())
}
