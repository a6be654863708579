package telemetry

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// signal is a kind of telemetry, as the names of environment variables have it.
type signal string

const (
	traces  signal = "TRACES"
	metrics signal = "METRICS"
)

// The protocols of OTLP.
const (
	protocolGRPC = "grpc"
	protocolHTTP = "http/protobuf"
)

// isDisabled reports whether OTEL_SDK_DISABLED turns everything off.
func isDisabled() bool {
	disabled, err := strconv.ParseBool(os.Getenv("OTEL_SDK_DISABLED"))
	return err == nil && disabled
}

// protocol returns the protocol by which a signal is exported; "" if it is not. It fails if the
// environment asks for what this program does not have.
func (s signal) protocol() (string, error) {
	general, own := "OTEL_EXPORTER_OTLP_", "OTEL_EXPORTER_OTLP_"+string(s)+"_"
	name := "OTEL_" + string(s) + "_EXPORTER"
	switch exporter := strings.TrimSpace(os.Getenv(name)); exporter {
	case "otlp":
	case "none":
		return "", nil
	case "":
		if os.Getenv(general+"ENDPOINT") == "" && os.Getenv(own+"ENDPOINT") == "" {
			return "", nil
		}
	default:
		return "", fmt.Errorf("%s=%s: it must be otlp or none", name, exporter)
	}
	for _, name := range []string{own + "PROTOCOL", general + "PROTOCOL"} {
		switch protocol := strings.TrimSpace(os.Getenv(name)); protocol {
		case "":
		case protocolGRPC, protocolHTTP:
			return protocol, nil
		default:
			return "", fmt.Errorf("%s=%s: it must be %s or %s", name, protocol, protocolGRPC, protocolHTTP)
		}
	}
	return protocolHTTP, nil
}
