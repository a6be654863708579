package tranship

// CredentialsError says that a server needs credentials and that the caller showed none.
// It matches ErrUnauthenticated. Credentials that were shown and are not good are
// another error.
//
// A client returns the CredentialsError that its server sent.
type CredentialsError struct {
	// Token and Certificate are the kinds of credentials that the server accepts: a
	// bearer token, and a client certificate. At least one is true.
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

// Is implements the matching of ErrUnauthenticated.
func (e *CredentialsError) Is(target error) bool { return target == ErrUnauthenticated }
