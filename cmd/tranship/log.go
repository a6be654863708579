package main

import (
	"encoding/hex"
	"fmt"
	"log/slog"
	"unicode/utf8"

	"github.com/tranship/tranship/cmd/tranship/internal/console"
	"github.com/tranship/tranship/cmd/tranship/internal/usage"
	"github.com/tranship/tranship/internal/printable"
)

// The values of --log-format.
const (
	logText = "text"
	logJSON = "json"
)

// newLogger returns the log of serve, in the format text or json, from a level on.
func newLogger(out console.Streams, format string, level slog.Leveler) *slog.Logger {
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: readable}
	if format == logJSON {
		return slog.New(slog.NewJSONHandler(printable.JSONLines(out.Err), options))
	}
	return slog.New(slog.NewTextHandler(printable.Lines(out.Err), options))
}

// parseLevel returns the level that a value of --log-level means.
func parseLevel(text string) (slog.Level, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(text)); err != nil {
		return 0, usage.AtFlag("log-level", usage.Errorf("--log-level %s: it must be debug, info, warn or error", text))
	}
	return level, nil
}

func checkLogFormat(text string) error {
	if text == logText || text == logJSON {
		return nil
	}
	return usage.AtFlag("log-format", usage.Errorf("--log-format %s: it must be text or json", text))
}

// readable replaces the value of an attribute that JSON would not show as people read it: a
// duration would be a number of nanoseconds, bytes would be in base64, a fmt.Stringer would
// be its fields, and errors in a slice would be empty objects. Text and JSON then have the
// same words.
func readable(_ []string, attribute slog.Attr) slog.Attr {
	if attribute.Value.Kind() == slog.KindDuration {
		attribute.Value = slog.StringValue(attribute.Value.Duration().String())
	}
	if attribute.Value.Kind() != slog.KindAny {
		return attribute
	}
	switch value := attribute.Value.Any().(type) {
	case *slog.Source, slog.Level:
	case error:
		attribute.Value = slog.StringValue(value.Error())
	case fmt.Stringer:
		attribute.Value = slog.StringValue(value.String())
	case []byte:
		attribute.Value = slog.StringValue(textOf(value))
	case []error:
		texts := make([]string, len(value))
		for i, err := range value {
			texts[i] = fmt.Sprint(err)
		}
		attribute.Value = slog.AnyValue(texts)
	}
	return attribute
}

// textOf returns bytes as text, or in hexadecimal if they are not UTF-8.
func textOf(data []byte) string {
	if utf8.Valid(data) {
		return string(data)
	}
	return "0x" + hex.EncodeToString(data)
}
