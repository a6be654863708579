package main

import (
	"encoding/xml"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// multipart is an upload in parts.
type multipart struct {
	header http.Header
	parts  map[int]*object
}

func (e *engine) create(w http.ResponseWriter, r *http.Request, key string, _ *object) {
	e.mu.Lock()
	defer e.mu.Unlock()
	id := strings.Trim(e.nameLocked(), `"`)
	e.uploads[id] = &multipart{header: described(r.Header), parts: map[int]*object{}}
	reply(w, struct {
		XMLName  xml.Name `xml:"InitiateMultipartUploadResult"`
		Bucket   string
		Key      string
		UploadId string //nolint:revive // as S3 writes it
	}{Bucket: "bucket", Key: key, UploadId: id})
}

func (e *engine) putPart(w http.ResponseWriter, r *http.Request, _ string, body *object) {
	e.mu.Lock()
	defer e.mu.Unlock()
	upload := e.uploads[r.URL.Query().Get("uploadId")]
	n, err := strconv.Atoi(r.URL.Query().Get("partNumber"))
	if upload == nil || err != nil {
		refuse(w, http.StatusNotFound, "NoSuchUpload")
		return
	}
	body.data, body.etag, body.header = nil, e.nameLocked(), described(r.Header)
	upload.parts[n] = body
	w.Header().Set("ETag", body.etag)
	if crc := r.Header.Get(checksumHeader); crc != "" {
		w.Header().Set(checksumHeader, crc)
	}
}

func (e *engine) listParts(w http.ResponseWriter, r *http.Request, _ string, _ *object) {
	e.mu.Lock()
	defer e.mu.Unlock()
	upload := e.uploads[r.URL.Query().Get("uploadId")]
	if upload == nil {
		refuse(w, http.StatusNotFound, "NoSuchUpload")
		return
	}
	type part struct {
		PartNumber     int
		ETag           string
		Size           int64
		LastModified   string
		ChecksumCRC32C string
	}
	var parts []part
	for _, n := range slices.Sorted(maps.Keys(upload.parts)) {
		p := upload.parts[n]
		parts = append(parts, part{n, p.etag, p.size, p.modified.Format(time.RFC3339), p.header.Get(checksumHeader)})
	}
	reply(w, struct {
		XMLName xml.Name `xml:"ListPartsResult"`
		Part    []part
	}{Part: parts})
}

func (e *engine) complete(w http.ResponseWriter, r *http.Request, key string, _ *object) {
	e.mu.Lock()
	defer e.mu.Unlock()
	id := r.URL.Query().Get("uploadId")
	upload := e.uploads[id]
	if upload == nil {
		refuse(w, http.StatusNotFound, "NoSuchUpload")
		return
	}
	if !e.holdsLocked(w, r, key) {
		return
	}
	made := &object{etag: e.nameLocked(), header: upload.header, modified: time.Now().UTC()}
	for _, p := range upload.parts {
		made.size += p.size
	}
	if crc := r.Header.Get(checksumHeader); crc != "" {
		made.header.Set(checksumHeader, crc)
	}
	e.objects[key] = made
	delete(e.uploads, id)
	reply(w, struct {
		XMLName xml.Name `xml:"CompleteMultipartUploadResult"`
		Key     string
		ETag    string
	}{Key: key, ETag: made.etag})
}

func (e *engine) abort(w http.ResponseWriter, r *http.Request, _ string, _ *object) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.uploads, r.URL.Query().Get("uploadId"))
	w.WriteHeader(http.StatusNoContent)
}
