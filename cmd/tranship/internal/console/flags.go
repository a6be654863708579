package console

import "github.com/tranship/tranship"

// The tables in this file are the only place that knows both the names of the libraries,
// whose errors never name a flag, and the flags of the command.

// LimitFlag names the flags that set a limit.
type LimitFlag struct {
	// Serve and Client are the flags of "tranship serve" and of commands that connect;
	// "" if the limit has none there.
	Serve, Client string
	// Policy says that a line of the policy can set the limit, too.
	Policy bool
}

// LimitFlags returns the flags of every limit that the libraries report. A limit without a
// flag belongs to the protocol or to a file system; its message says what can be done.
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
		tranship.LimitStateBytes:    {},
		tranship.LimitLinkBytes:     {},
		tranship.LimitOpenFiles:     {},

		tranship.LimitMessageBytes: {Serve: "max-message-size", Client: "max-message-size"},

		tranship.LimitFileBytes:  {Serve: "max-file-size", Policy: true},
		tranship.LimitQuotaBytes: {Serve: "quota-bytes", Policy: true},
		tranship.LimitQuotaFiles: {Serve: "quota-files", Policy: true},
		tranship.LimitUploads:    {Serve: "max-uploads", Policy: true},
		tranship.LimitLinks:      {Serve: "max-links"},

		tranship.LimitMemory:              {Serve: "memory-limit"},
		tranship.LimitConnections:         {Serve: "max-connections"},
		tranship.LimitConnectionsPerPeer:  {Serve: "max-connections-per-peer"},
		tranship.LimitStreamsPerPeer:      {Serve: "max-streams-per-peer"},
		tranship.LimitStreamsPerPrincipal: {Serve: "max-streams-per-principal", Policy: true},
		tranship.LimitStreamsPerSecond:    {Serve: "max-streams-per-second"},
		tranship.LimitCallsPerSecond:      {Serve: "max-calls-per-second", Policy: true},
		tranship.LimitFramesPerSecond:     {Serve: "max-frames-per-second"},
		tranship.LimitMinRate:             {Serve: "min-rate"},
		tranship.LimitIdle:                {Serve: "idle-timeout"},
	}
}

// ServeFlags returns the flags of serve, separated by commas, that set the fields of
// server.Config which server.New may refuse, by field.
func ServeFlags() map[string]string {
	return map[string]string{
		"Quota":                          "--quota-bytes, --quota-files",
		"MemoryLimit":                    "--memory-limit",
		"ListPage":                       "--list-page-size",
		"HTTPURL":                        "--http-url",
		"HTTPOrigins":                    "--http-origin",
		"Links.PerPrincipal":             "--max-links",
		"Links.Lifetime":                 "--link-lifetime",
		"MaxMessageBytes":                "--max-message-size",
		"Anonymous":                      "--anonymous",
		"Protocols.Filesrv.Revision":     "--filesrv-revision",
		"Protocols.Filesrv.UploadSuffix": "--filesrv-upload-suffix",
	}
}

// ClientTLSFlags returns the flags that set the fields of tlsconfig.ClientOptions, by field.
func ClientTLSFlags() map[string]string {
	return map[string]string{
		"CAFile":          "--ca",
		"Fingerprints":    "--fingerprint",
		"TrustOnFirstUse": "--tofu",
		"KnownHostsFile":  "--known-hosts",
		"CertFile":        "--client-cert",
		"KeyFile":         "--client-key",
		"MinVersion":      "--tls-min",
	}
}
