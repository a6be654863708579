package console

import (
	"time"

	adminv1 "github.com/tranship/tranship/proto/tranship/admin/v1"
)

// TransferObject is a transfer that runs, in JSON.
type TransferObject struct {
	ID             string    `json:"id"`
	Direction      string    `json:"direction"`
	Principal      string    `json:"principal"`
	Source         string    `json:"source"`
	Peer           string    `json:"peer"`
	Transport      string    `json:"transport"`
	Path           string    `json:"path"`
	Size           *int64    `json:"size,omitempty"`
	Bytes          int64     `json:"bytes"`
	BytesPerSecond int64     `json:"bytes_per_second"`
	Started        time.Time `json:"started"`
	UploadID       string    `json:"upload_id,omitempty"`
}

// TransferObjectOf returns the TransferObject of a transfer.
func TransferObjectOf(t *adminv1.Transfer) TransferObject {
	direction := "download"
	if t.GetDirection() == adminv1.Direction_DIRECTION_UPLOAD {
		direction = "upload"
	}
	return TransferObject{
		ID: t.GetTransferId(), Direction: direction, Principal: t.GetPrincipal(), Source: t.GetSource(), Peer: t.GetPeer(),
		Transport: t.GetTransport(), Path: t.GetPath(), Size: t.Size, Bytes: t.GetBytes(), BytesPerSecond: t.GetBytesPerSecond(),
		Started: t.GetStartTime().AsTime(), UploadID: t.GetUploadId(),
	}
}

// OwnedUploadObject is an unfinished upload with its owner, in JSON.
type OwnedUploadObject struct {
	ID           string    `json:"id"`
	Path         string    `json:"path"`
	Owner        string    `json:"owner"`
	Size         int64     `json:"size"`
	DurableBytes int64     `json:"durable_bytes"`
	Created      time.Time `json:"created"`
	Expires      time.Time `json:"expires"`
}

// OwnedUploadObjectOf returns the OwnedUploadObject of an upload.
func OwnedUploadObjectOf(u *adminv1.Upload) OwnedUploadObject {
	return OwnedUploadObject{
		ID: u.GetUploadId(), Path: u.GetPath(), Owner: u.GetOwner(), Size: u.GetSize(), DurableBytes: u.GetDurableBytes(),
		Created: u.GetCreateTime().AsTime(), Expires: u.GetExpireTime().AsTime(),
	}
}

// UsageObject is what counts for a principal, in JSON. Bytes and files are absent if the server does
// not count them, and limits if there are none.
type UsageObject struct {
	Principal     string `json:"principal"`
	Bytes         *int64 `json:"bytes,omitempty"`
	Files         *int64 `json:"files,omitempty"`
	ReservedBytes *int64 `json:"reserved_bytes,omitempty"`
	ReservedFiles *int64 `json:"reserved_files,omitempty"`
	Uploads       int64  `json:"uploads"`
	MaxBytes      *int64 `json:"max_bytes,omitempty"`
	MaxFiles      *int64 `json:"max_files,omitempty"`
	MaxUploads    *int64 `json:"max_uploads,omitempty"`
}

// UsageObjectOf returns the UsageObject of a usage.
func UsageObjectOf(u *adminv1.Usage) UsageObject {
	object := UsageObject{Principal: u.GetPrincipal(), Uploads: u.GetUploads(), MaxBytes: u.MaxBytes, MaxFiles: u.MaxFiles, MaxUploads: u.MaxUploads}
	if u.GetCounted() {
		object.Bytes, object.Files = &u.Bytes, &u.Files
		object.ReservedBytes, object.ReservedFiles = &u.ReservedBytes, &u.ReservedFiles
	}
	return object
}

// PrincipalObject is a principal that a server knows, in JSON.
type PrincipalObject struct {
	Name       string     `json:"name"`
	Groups     []string   `json:"groups,omitempty"`
	Source     string     `json:"source,omitempty"`
	Configured bool       `json:"configured"`
	LastCall   *time.Time `json:"last_call,omitempty"`
	Calls      int64      `json:"calls"`
}

// PrincipalObjectOf returns the PrincipalObject of a principal.
func PrincipalObjectOf(p *adminv1.Principal) PrincipalObject {
	object := PrincipalObject{Name: p.GetName(), Groups: p.GetGroups(), Source: p.GetSource(), Configured: p.GetConfigured(), Calls: p.GetCalls()}
	if p.GetLastCallTime() != nil {
		object.LastCall = new(p.GetLastCallTime().AsTime())
	}
	return object
}

// ExpiredObject is a file or upload that has expired, in JSON.
type ExpiredObject struct {
	Path     string    `json:"path"`
	UploadID string    `json:"upload_id,omitempty"`
	Owner    string    `json:"owner,omitempty"`
	Size     int64     `json:"size"`
	Changed  time.Time `json:"changed"`
	Rule     string    `json:"rule"`
}

// ExpiredObjectOf returns the ExpiredObject of what has expired.
func ExpiredObjectOf(e *adminv1.Expired) ExpiredObject {
	return ExpiredObject{
		Path: e.GetPath(), UploadID: e.GetUploadId(), Owner: e.GetOwner(), Size: e.GetSize(),
		Changed: e.GetChangeTime().AsTime(), Rule: e.GetRule(),
	}
}
