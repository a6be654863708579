package fakes3

import (
	"encoding/xml"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
)

type listedObject struct {
	Key          string
	LastModified string
	ETag         string
	Size         int
}

type listedPrefix struct{ Prefix string }

func (c *call) listObjects() error {
	var document struct {
		XMLName               xml.Name `xml:"ListBucketResult"`
		EncodingType          string   `xml:",omitempty"`
		IsTruncated           bool
		NextContinuationToken string `xml:",omitempty"`
		KeyCount              int
		Contents              []listedObject
		CommonPrefixes        []listedPrefix
	}
	query := c.request.URL.Query()
	encode := func(key string) string { return key }
	if query.Get("encoding-type") == "url" && !c.server.options.NoEncoding {
		document.EncodingType = "url"
		encode = url.QueryEscape
	}
	prefix, delimiter := query.Get("prefix"), query.Get("delimiter")
	after, continued := query.Get("start-after"), query.Get("continuation-token")
	most := c.number("max-keys", 1000)
	s := c.server
	s.mu.Lock()
	defer s.mu.Unlock()
	last := ""
	for _, key := range slices.Sorted(maps.Keys(s.objects)) {
		rest, below := strings.CutPrefix(key, prefix)
		if !below || after != "" && key <= after || continued != "" && (key <= continued || strings.HasSuffix(continued, "/") && strings.HasPrefix(key, continued)) {
			continue
		}
		common := ""
		if name, _, deeper := strings.Cut(rest, delimiter); delimiter != "" && deeper {
			common = prefix + name + delimiter
		}
		if common != "" && common == last {
			continue
		}
		if document.KeyCount == most {
			document.IsTruncated, document.NextContinuationToken = true, last
			break
		}
		document.KeyCount++
		if common != "" {
			last = common
			document.CommonPrefixes = append(document.CommonPrefixes, listedPrefix{encode(common)})
			continue
		}
		last = key
		found := s.objects[key]
		document.Contents = append(document.Contents, listedObject{encode(key), found.modified.Format(time.RFC3339Nano), found.etag, len(found.data)})
	}
	return c.answer(document)
}
