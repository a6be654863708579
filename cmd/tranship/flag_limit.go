package main

import (
	"errors"

	"github.com/tranship/tranship"
)

// limitFlag says how a limit is changed.
type limitFlag struct {
	// serve and client are the flags of "tranship serve" and of commands that connect;
	// empty if the limit has none there.
	serve, client string
}

// limitFlags has the flags of every limit that the libraries report. This table is the
// only place that knows both. A limit without a flag belongs to the protocol or to a file
// system: its message says what can be done.
func limitFlags() map[tranship.Limit]limitFlag {
	return map[tranship.Limit]limitFlag{
		tranship.LimitPutBytes:      {},
		tranship.LimitChunkBytes:    {},
		tranship.LimitEnvelopeBytes: {},
		tranship.LimitSlots:         {},
		tranship.LimitReplies:       {},
		tranship.LimitPartRestarts:  {},
		tranship.LimitFileSystem:    {},
		tranship.LimitMetadataBytes: {},
		tranship.LimitListEntries:   {},

		tranship.LimitMessageBytes: {serve: "max-message-size", client: "max-message-size"},

		tranship.LimitFileBytes:  {serve: "max-file-size"},
		tranship.LimitQuotaBytes: {serve: "quota-bytes"},
		tranship.LimitQuotaFiles: {serve: "quota-files"},
		tranship.LimitUploads:    {serve: "max-uploads"},

		tranship.LimitMemory:             {serve: "memory-limit"},
		tranship.LimitConnections:        {serve: "max-connections"},
		tranship.LimitConnectionsPerPeer: {serve: "max-connections-per-peer"},
		tranship.LimitStreamsPerPeer:     {serve: "max-streams-per-peer"},
		tranship.LimitStreamsPerSecond:   {serve: "max-streams-per-second"},
		tranship.LimitCallsPerSecond:     {serve: "max-calls-per-second"},
		tranship.LimitFramesPerSecond:    {serve: "max-frames-per-second"},
		tranship.LimitMinRate:            {serve: "min-rate"},
		tranship.LimitIdle:               {serve: "idle-timeout"},
	}
}

// limitAdvice names the flag of the limit that an error is about, in the words that
// follow its message; "" if there is none.
func limitAdvice(err error) string {
	over, ok := errors.AsType[*tranship.LimitError](err)
	if !ok {
		return ""
	}
	switch flag := limitFlags()[over.Limit]; {
	case flag.serve != "" && flag.client != "":
		return "; raise --" + flag.client + " where it was received"
	case flag.serve != "":
		return " (--" + flag.serve + " of tranship serve)"
	}
	return ""
}
