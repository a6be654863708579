package server

import (
	"github.com/tranship/tranship/access/policy"
	"github.com/tranship/tranship/server/limit"
	"github.com/tranship/tranship/store/quota"
)

// networkLimits returns those of a principal's limits that the Door enforces.
func networkLimits(l policy.Limits) limit.Principal {
	return limit.Principal{Bandwidth: l.Bandwidth, Streams: l.Streams, CallsPerSecond: l.CallsPerSecond}
}

// quotaLimits returns those of a principal's limits that the quota enforces.
func quotaLimits(l policy.Limits) quota.Limits {
	return quota.Limits{FileBytes: l.FileBytes, Bytes: l.QuotaBytes, Files: l.QuotaFiles, Uploads: l.Uploads}
}
