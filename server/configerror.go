package server

// ConfigError is a field of a Config that has no good value.
type ConfigError struct {
	// Field is the name of the field, such as "Quota".
	Field string
	Err   error
}

// Error implements error.
func (e *ConfigError) Error() string { return "server: Config." + e.Field + ": " + e.Err.Error() }

// Unwrap returns the reason.
func (e *ConfigError) Unwrap() error { return e.Err }
