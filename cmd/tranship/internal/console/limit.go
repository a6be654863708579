package console

import (
	"errors"

	"github.com/tranship/tranship"
)

// LimitFlag says how a limit is changed.
type LimitFlag struct {
	// Serve and Client are the flags of "tranship serve" and of commands that connect;
	// empty if the limit has none there.
	Serve, Client string
}

// LimitFlags has the flags of every limit that the libraries report. This table is the
// only place that knows both. A limit without a flag belongs to the protocol or to a file
// system: its message says what can be done.
func LimitFlags() map[tranship.Limit]LimitFlag {
	return map[tranship.Limit]LimitFlag{
		tranship.LimitPutBytes:      {},
		tranship.LimitChunkBytes:    {},
		tranship.LimitEnvelopeBytes: {},
		tranship.LimitSlots:         {},
		tranship.LimitReplies:       {},
		tranship.LimitPartRestarts:  {},
		tranship.LimitFileSystem:    {},
		tranship.LimitMetadataBytes: {},
		tranship.LimitListEntries:   {},
		tranship.LimitOpenFiles:     {},

		tranship.LimitMessageBytes: {Serve: "max-message-size", Client: "max-message-size"},

		tranship.LimitFileBytes:  {Serve: "max-file-size"},
		tranship.LimitQuotaBytes: {Serve: "quota-bytes"},
		tranship.LimitQuotaFiles: {Serve: "quota-files"},
		tranship.LimitUploads:    {Serve: "max-uploads"},

		tranship.LimitMemory:             {Serve: "memory-limit"},
		tranship.LimitConnections:        {Serve: "max-connections"},
		tranship.LimitConnectionsPerPeer: {Serve: "max-connections-per-peer"},
		tranship.LimitStreamsPerPeer:     {Serve: "max-streams-per-peer"},
		tranship.LimitStreamsPerSecond:   {Serve: "max-streams-per-second"},
		tranship.LimitCallsPerSecond:     {Serve: "max-calls-per-second"},
		tranship.LimitFramesPerSecond:    {Serve: "max-frames-per-second"},
		tranship.LimitMinRate:            {Serve: "min-rate"},
		tranship.LimitIdle:               {Serve: "idle-timeout"},
	}
}

// LimitAdvice names the flag of the limit that an error is about, in the words that
// follow its message; "" if there is none.
func LimitAdvice(err error) string {
	over, ok := errors.AsType[*tranship.LimitError](err)
	if !ok {
		return ""
	}
	switch flag := LimitFlags()[over.Limit]; {
	case flag.Serve != "" && flag.Client != "":
		return "; raise --" + flag.Client + " where it was received"
	case flag.Serve != "":
		return " (--" + flag.Serve + " of tranship serve)"
	}
	return ""
}
