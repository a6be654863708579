package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/cmd/tranship/internal/config"
	"github.com/tranship/tranship/cmd/tranship/internal/usage"
	"github.com/tranship/tranship/internal/configfile"
	"github.com/tranship/tranship/store/hook"
	"github.com/tranship/tranship/store/hook/grpchook"
	"github.com/tranship/tranship/store/hook/httphook"
)

// hookSetting is one hook as it is set.
type hookSetting struct {
	hook.Hook
	url, grpc, source string
	secretFile, ca    string
	insecure          bool
}

// hookName returns what a message calls a hook.
func hookName(setting hookSetting, text string) string {
	if setting.Name != "" {
		return setting.Name
	}
	return strconv.Quote(text)
}

// parseHook parses the words of a hook. With an error it returns what it has parsed.
func parseHook(text string) (hookSetting, error) {
	var s hookSetting
	words, err := config.ParseWords(text)
	if err != nil {
		return s, err
	}
	seen := map[string]bool{}
	for _, word := range words {
		if seen[word.Name] {
			return s, usage.Errorf("%s is set twice", word.Name)
		}
		seen[word.Name] = true
		if err := s.set(word.Name, word.Value); err != nil {
			return s, err
		}
	}
	switch {
	case (s.url == "") == (s.grpc == ""):
		return s, usage.New("it must have either url or grpc")
	case s.Content && s.url != "":
		return s, usage.New("content needs grpc: questions over HTTP have no content")
	case s.source != "" && s.grpc != "":
		return s, usage.New("source needs url")
	case s.insecure && s.ca != "":
		return s, usage.New("only one of insecure, for plaintext, and ca, for TLS, can be set")
	}
	carrier, err := s.carrier(nil)
	if err == nil {
		s.Carrier = carrier
		err = errors.Join(s.Validate(), carrier.Close())
		s.Carrier = nil
	}
	if invalid, ok := errors.AsType[*tranship.InvalidError](err); ok {
		return s, usage.Errorf("%s: %s", invalid.Field, invalid.Rule)
	}
	return s, err
}

// set sets a word.
func (s *hookSetting) set(name, value string) (err error) {
	switch name {
	case "name":
		s.Name = value
	case "url":
		s.url = value
	case "grpc":
		s.grpc = value
	case "source":
		s.source = value
	case "events":
		s.Kinds, err = parseKinds(value)
	case "prefix":
		s.Prefix = strings.TrimSuffix(value, "/")
	case "timeout":
		s.Timeout, err = time.ParseDuration(value)
		if err != nil || s.Timeout <= 0 {
			err = usage.Errorf("timeout: %q must be a time such as 10s", value)
		}
	case "secret-file":
		s.secretFile = value
	case "ca":
		s.ca = value
	case "on-failure":
		s.FailOpen = value == "open"
		if value != "open" && value != "closed" {
			err = usage.Errorf("on-failure: %q must be closed or open", value)
		}
	case "batch", "parallel":
		var n int
		if n, err = strconv.Atoi(value); err != nil || n < 1 {
			return usage.Errorf("%s: %q must be a whole number from 1", name, value)
		}
		if name == "batch" {
			s.Batch = n
		} else {
			s.Parallel = n
		}
	case "content", "insecure":
		var on bool
		if on, err = strconv.ParseBool(value); err != nil {
			return usage.Errorf("%s: %q must be true or false", name, value)
		}
		if name == "content" {
			s.Content = on
		} else {
			s.insecure = on
		}
	default:
		message := name + ": there is no such key"
		keys := []string{"name", "url", "grpc", "source", "events", "prefix", "timeout", "secret-file", "ca", "on-failure", "batch", "parallel", "content", "insecure"}
		if similar := usage.Similar(name, slices.Values(keys)); similar != "" {
			message += "; did you mean " + similar + "?"
		}
		err = usage.New(message)
	}
	return err
}

// parseKinds parses kinds that are joined by '+'.
func parseKinds(text string) ([]hook.Kind, error) {
	var kinds []hook.Kind
	for word := range strings.SplitSeq(text, "+") {
		found := false
		for _, kind := range hook.Kinds() {
			if kind.String() == strings.TrimSpace(word) {
				kinds, found = append(kinds, kind), true
			}
		}
		if !found {
			return nil, usage.Errorf("events: %q must be before-commit, after-commit, after-delete or after-move", word)
		}
	}
	return kinds, nil
}

// closingCarrier is a carrier that has to be closed.
type closingCarrier interface {
	hook.Carrier
	Close() error
}

// carrier returns the carrier of the hook, which trusts authorities; nil for those of the system.
func (s *hookSetting) carrier(authorities *x509.CertPool) (closingCarrier, error) {
	var secret func() ([]byte, error)
	if s.secretFile != "" {
		file := s.secret()
		secret = func() ([]byte, error) {
			text, _, err := file.Read()
			return text, err
		}
	}
	trust := &tls.Config{RootCAs: authorities, MinVersion: tls.VersionTLS12}
	if s.url != "" {
		return httphook.New(s.url, httphook.Options{Source: s.source, Secret: secret, TLS: trust, Insecure: s.insecure})
	}
	host := s.grpc
	if i := strings.LastIndexByte(host, ':'); i >= 0 {
		host = strings.Trim(host[:i], "[]")
	}
	if s.insecure || s.ca == "" && hook.IsLocal(host) {
		trust = nil
	}
	return grpchook.New(s.grpc, grpchook.Options{Secret: secret, TLS: trust, Insecure: s.insecure})
}

// secret returns the file of the secret.
func (s *hookSetting) secret() *configfile.File {
	return configfile.New(s.secretFile, configfile.Options{Guard: configfile.GuardPath, MaxBytes: maxSecretBytes})
}

// maxSecretBytes is the largest file of a secret.
const maxSecretBytes = 4 << 10
