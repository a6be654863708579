package main

import (
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/cmd/tranship/internal/config"
	"github.com/tranship/tranship/cmd/tranship/internal/usage"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/disk"
)

// serveFlags are the flags of serve.
type serveFlags struct {
	config        string
	root          string
	rootMustExist bool
	store         storeFlags
	listen        string
	insecure      bool
	noLanes       bool
	anonymous     anonymousFlag
	tls           serverTLSFlags
	readyFile     string
	drainTimeout  time.Duration
	durability    durabilityFlag
	minDurability durabilityFlag
	filesrv       struct {
		uploadSuffix string
		revision     int
	}
	minFree      byteSize
	memoryLimit  byteSize
	uploadExpiry time.Duration
	modeMask     modeMask
	limits       serveLimitFlags
	logFormat    string
	logLevel     string
	identity     identityFlags
	protection   protectionFlags
	proxies      proxyFlags
	admin        adminFlags
	http         httpFlags
	signIn       signInFlags
	hooks        hookFlags
	verify       scrubFlags
}

// add adds the flags to a command.
func (f *serveFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.config, config.FileKey, "", "YAML `file` with values for flags that are not passed, such as max-uploads: 100; SIGHUP reloads it")
	flags.StringVar(&f.root, "root", "", "`directory` to serve; created if missing")
	flags.BoolVar(&f.rootMustExist, "root-must-exist", false, "fail unless --root has been served before, so that an unmounted file system is not taken for an empty store")
	f.store.add(cmd)
	flags.StringVar(&f.listen, "listen", "127.0.0.1:50051", "`address` to listen on, host:port; port 0 picks a free port")
	flags.BoolVar(&f.insecure, "insecure", false, "allow connections from other machines without TLS")
	flags.BoolVar(&f.noLanes, "no-lanes", false, "refuse lanes, connections that carry uploads and downloads without HTTP/2 and cost less; clients then use gRPC")
	flags.Var(&f.anonymous, "anonymous", "what clients without credentials may do: `read|write` (default: write if the server listens on this machine only and has no authentication, otherwise nothing)")
	f.tls.add(cmd)
	flags.StringVar(&f.readyFile, "ready-file", "", "`file` to write host:port to once the server accepts connections; removed when it stops; one of a server that was killed is removed before the start")
	flags.Var(span(&f.drainTimeout, 30*time.Second), "drain-timeout", "how long transfers under way may take to finish after a signal")
	flags.Var(&f.durability, "durability", "durability of files for clients that do not ask for one: `durable|written` (default durable)")
	flags.Var(&f.minDurability, "min-durability", "minimum durability of every file, even if its client asks for less: `durable|written`")
	flags.Var(&f.memoryLimit, "memory-limit", "`size` of memory that transfers under way may use; the server needs about 30MiB more (default 512MiB)")
	flags.Var(&f.minFree, "min-free", "`size` of space that uploads must leave free on the file system, such as 10GiB")
	flags.Var(timespan(&f.uploadExpiry, disk.DefaultUploadExpiry), "upload-expiry", "how long an unfinished upload is kept after its last write")
	flags.Var(&f.modeMask, "mode-mask", "permission bits in `octal` that clients cannot give a file, such as 022 (default none)")
	flags.StringVar(&f.filesrv.uploadSuffix, "filesrv-upload-suffix", "", "`text` to insert between name and extension of files uploaded by filesrv, such as _recv")
	flags.IntVar(&f.filesrv.revision, "filesrv-revision", 1, "revision of filesrv for clients that do not send theirs: 1 or 2")
	flags.StringVar(&f.logFormat, "log-format", logText, "format of the log: `text|json`")
	flags.StringVar(&f.logLevel, "log-level", "info", "lowest level of the messages in the log: `debug|info|warn|error`")
	completeValues(cmd, "anonymous", string(anonymousRead), string(anonymousWrite))
	f.identity.add(cmd)
	f.protection.add(cmd)
	f.limits.add(cmd)
	f.proxies.add(cmd)
	f.admin.add(cmd)
	f.http.add(cmd)
	f.signIn.add(cmd)
	f.hooks.add(cmd)
	f.verify.add(cmd)
	completeValues(cmd, "durability", durabilities()...)
	completeValues(cmd, "min-durability", durabilities()...)
	completeValues(cmd, "log-format", logText, logJSON)
	completeValues(cmd, "log-level", "debug", "info", "warn", "error")
	config.MarkLive(flags, "log-level")
}

// validate returns all mistakes in the values of the flags, as usage.Mistakes.
func (f *serveFlags) validate() error {
	var m usage.Mistakes
	m.Add(f.validateStore(), f.identity.validate(), f.tls.validate(), f.limits.validate(), f.admin.validate(f.identity.enabled()), f.http.validate(), f.verify.validate(),
		f.signIn.validate(f.http.url, f.identity.oidc.Issuer))
	m.If(f.filesrv.revision != 1 && f.filesrv.revision != 2, "filesrv-revision", "--filesrv-revision %d: it must be 1 or 2", f.filesrv.revision)
	m.If(f.memoryLimit != 0 && f.memoryLimit < server.MinMemoryLimit, "memory-limit", "--memory-limit %d bytes: it must be at least 32MiB", f.memoryLimit)
	m.If(f.drainTimeout < 0, "drain-timeout", "--drain-timeout %v: it must not be negative", f.drainTimeout)
	suffix := f.filesrv.uploadSuffix
	m.If(suffix != "" && (strings.Contains(suffix, "/") || tranship.ValidatePath("a"+suffix) != nil),
		"filesrv-upload-suffix", "--filesrv-upload-suffix %q: it must be valid as part of a file name", suffix)
	_, err := f.proxies.proxies()
	m.Add(err)
	_, err = f.hooks.settings()
	m.Add(err)
	_, err = parseLevel(f.logLevel)
	m.Add(err, checkLogFormat(f.logFormat))
	return m.Err()
}

// setLevel sets the least level of the log, which validate has checked.
func (f *serveFlags) setLevel(level *slog.LevelVar) {
	if least, err := parseLevel(f.logLevel); err == nil {
		level.Set(least)
	}
}

// environmentPrefix is what the names of the environment variables begin with.
const environmentPrefix = "TRANSHIP_"

// addServerFlags adds the flags of serve to a command, which loadServer finds again.
func (g *globals) addServerFlags(cmd *cobra.Command) {
	flags := &serveFlags{}
	flags.add(cmd)
	if g.server == nil {
		g.server = map[*cobra.Command]*serveFlags{}
	}
	g.server[cmd] = flags
}

// serverKeys returns the flags of a command that the file and the environment may set.
func serverKeys(cmd *cobra.Command) []*pflag.Flag {
	var keys []*pflag.Flag
	cmd.LocalFlags().VisitAll(func(flag *pflag.Flag) {
		if flag.Name != config.FileKey && flag.Name != "help" && flag.Name != "json" {
			keys = append(keys, flag)
		}
	})
	return append(keys, cmd.InheritedFlags().Lookup("max-message-size"))
}

// loadServer returns the flags of serve of a command, those included that the file and the
// environment set, and where their values come from. The error has all mistakes.
func (g *globals) loadServer(cmd *cobra.Command) (*serveFlags, *config.Settings, error) {
	flags := g.server[cmd]
	sources := config.Sources{File: flags.config, Prefix: environmentPrefix, Environment: os.Environ()}
	if sources.File == "" {
		sources.File = os.Getenv(sources.Variable(config.FileKey))
	}
	settings, err := config.Load(serverKeys(cmd), sources)
	if settings == nil {
		return nil, nil, err
	}
	var mistakes usage.Mistakes
	mistakes.Add(err, settings.Locate(flags.validate()))
	return flags, settings, config.Sort(mistakes).Err()
}
