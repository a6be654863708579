package lanes

import (
	"crypto/tls"
	"slices"

	"github.com/tranship/tranship/internal/lane"
)

// TLS returns a copy of a configuration that also agrees to lanes by ALPN, and prefers them. So do
// the configurations that its GetConfigForClient returns.
func TLS(config *tls.Config) *tls.Config {
	config = config.Clone()
	config.NextProtos = protocols(config.NextProtos)
	if inner := config.GetConfigForClient; inner != nil {
		config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			chosen, err := inner(hello)
			if chosen == nil || err != nil {
				return chosen, err
			}
			chosen = chosen.Clone()
			chosen.NextProtos = protocols(chosen.NextProtos)
			return chosen, nil
		}
	}
	return config
}

// protocols returns the protocol of lanes, and then others.
func protocols(others []string) []string {
	return append([]string{lane.Protocol}, slices.DeleteFunc(slices.Clone(others), func(name string) bool { return name == lane.Protocol })...)
}
