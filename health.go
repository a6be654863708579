package tranship

import "context"

// HealthChecker is an ability of a Store: it finds out whether calls can succeed at the
// moment. A server reports the result to health checks. It calls the method every few
// seconds, so that the method must be cheap.
//
// Other parts of a server that all calls depend on, such as an authenticator or an audit
// log, may have the same method.
type HealthChecker interface {
	// CheckHealth returns nil if calls can succeed, and otherwise why they fail. A failure
	// of some calls only, for example because the store is full, is no reason. The caller
	// stops waiting when ctx ends, and treats that as a failure. CheckHealth is safe for
	// concurrent use.
	CheckHealth(ctx context.Context) error
}
