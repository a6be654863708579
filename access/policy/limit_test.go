package policy_test

import (
	"strings"
	"testing"

	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/access/policy"
)

func TestLimits(t *testing.T) {
	p := parse(t, `limit *        quota-bytes 1GiB
limit *        max-uploads 10
limit *        bandwidth-per-principal 1MiB
limit group:staff  quota-bytes 10GiB
limit group:guests quota-bytes 1MiB
limit group:guests max-streams-per-principal 2
limit group:staff  max-uploads unlimited
limit ann      max-uploads 5
limit ann      max-file-size 1KB
limit anonymous quota-files 7
limit "group:x y" max-calls-per-second 3
`)
	for _, test := range []struct {
		caller access.Principal
		want   policy.Limits
	}{
		{access.Principal{Name: "bob"}, policy.Limits{QuotaBytes: 1 << 30, Uploads: 10, Bandwidth: 1 << 20}},
		{access.Principal{Name: "bob", Groups: []string{"staff"}}, policy.Limits{QuotaBytes: 10 << 30, Uploads: -1, Bandwidth: 1 << 20}},
		{access.Principal{Name: "bob", Groups: []string{"guests"}}, policy.Limits{QuotaBytes: 1 << 20, Uploads: 10, Bandwidth: 1 << 20, Streams: 2}},
		{access.Principal{Name: "bob", Groups: []string{"guests", "staff", "other"}}, policy.Limits{QuotaBytes: 10 << 30, Uploads: -1, Bandwidth: 1 << 20, Streams: 2}},
		{access.Principal{Name: "ann", Groups: []string{"staff"}}, policy.Limits{QuotaBytes: 10 << 30, Uploads: 5, FileBytes: 1000, Bandwidth: 1 << 20}},
		{access.Principal{}, policy.Limits{QuotaFiles: 7}},
		{access.Principal{Name: "z", Groups: []string{"x y"}}, policy.Limits{QuotaBytes: 1 << 30, Uploads: 10, Bandwidth: 1 << 20, CallsPerSecond: 3}},
		// These names are no subjects of the file.
		{access.Principal{Name: "anonymous"}, policy.Limits{QuotaBytes: 1 << 30, Uploads: 10, Bandwidth: 1 << 20}},
		{access.Principal{Name: "group:staff"}, policy.Limits{QuotaBytes: 1 << 30, Uploads: 10, Bandwidth: 1 << 20}},
	} {
		if got := p.Limits(test.caller); got != test.want {
			t.Errorf("%+v: %+v, want %+v", test.caller, got, test.want)
		}
	}
	if !p.LimitsFiles() || len(p.Rules()) != 0 {
		t.Error("the limits of files are missing, or limits are rules")
	}
	if parse(t, "limit * max-uploads 3\nlimit * quota-bytes unlimited\n").LimitsFiles() {
		t.Error("files have limits")
	}
	if got := (&policy.Policy{}).Limits(access.Principal{Name: "ann"}); got != (policy.Limits{}) {
		t.Errorf("no policy: %+v", got)
	}
}

func TestLimitErrors(t *testing.T) {
	for line, want := range map[string]string{
		"limit":                                            "4 words, not 1",
		"limit ann max-uploads":                            "4 words, not 3",
		"limit ann max-uploads 1 2":                        "4 words, not 5",
		"limit ann uploads 1":                              "uploads is not a limit: it must be one of bandwidth-per-principal, max-calls-per-second,",
		"limit group: max-uploads 1":                       "group: must be followed by",
		`limit "" max-uploads 1`:                           "a name must not be empty",
		"limit ann max-uploads 0":                          "max-uploads: the value 0: it must be a whole number from 1",
		"limit ann max-uploads -1":                         "it must be a whole number from 1",
		"limit ann max-uploads 1.5":                        "it must be a whole number from 1",
		"limit ann max-uploads 9999999999":                 "it must be a whole number from 1",
		"limit ann quota-bytes 0":                          "it must be more than 0, or unlimited",
		"limit ann quota-bytes much":                       "it must be a number of bytes",
		"limit ann quota-bytes 9999999T":                   "it must be a number of bytes",
		"limit anonymous bandwidth-per-principal 1":        "not a limit of anonymous",
		"limit ann max-uploads 1\nlimit ann max-uploads 2": "policy:2: max-uploads of ann is set twice: line 1 has it, too",
	} {
		_, err := policy.Parse("policy", []byte(line+"\n"))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "policy:") {
			t.Errorf("%q: %v, want %q", line, err, want)
		}
	}
}
