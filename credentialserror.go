package tranship

// CredentialsError means that a server needs credentials and that the call had none. It
// matches ErrUnauthenticated. A server reports credentials that it does not accept with
// another error, which matches ErrUnauthenticated too.
//
// A client returns the CredentialsError that its server sent.
type CredentialsError struct {
	// Token is true if the server accepts a bearer token, and Certificate if it accepts a
	// client certificate. At least one is true.
	Token, Certificate bool
}

// Error implements error.
func (e *CredentialsError) Error() string {
	text := ErrUnauthenticated.Error() + ": the server needs "
	switch {
	case e.Token && e.Certificate:
		return text + "a token or a client certificate"
	case e.Token:
		return text + "a token"
	}
	return text + "a client certificate"
}

// Is reports whether target is ErrUnauthenticated.
func (e *CredentialsError) Is(target error) bool { return target == ErrUnauthenticated }
