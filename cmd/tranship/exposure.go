package main

// exposure is who can reach a server, and what stands in their way.
type exposure struct {
	// listen is the address as it was asked for.
	listen string
	// loopback: nobody can connect from other machines.
	loopback bool
	// encrypted: connections are; insecure: they need not be.
	encrypted, insecure bool
	// authenticated: who connects can be made to say who they are.
	authenticated bool
	// anonymous is what others may do, if that was said.
	anonymous anonymousFlag
}

// permit returns what may be done by those who have not said who they are; "" for
// nothing. It is what was asked for; otherwise everything on this machine alone, if
// nobody can be told from others, and nothing if they can. It refuses what is open to
// other machines without anybody having said so.
func (e exposure) permit() (anonymousFlag, error) {
	anonymous := e.anonymous
	if anonymous == "" && e.loopback && !e.authenticated {
		anonymous = anonymousWrite
	}
	switch {
	case e.loopback:
		return anonymous, nil
	case !e.encrypted && !e.insecure:
		return "", usagef("--listen %s: other machines could connect, without encryption; give the server --tls self-signed, "+
			"or --tls-cert and --tls-key, or say --insecure if plaintext is meant", e.listen)
	case !e.authenticated && anonymous == "":
		return "", usagef("--listen %s: anybody could connect from other machines, and nobody has to say who they are; "+
			"give the server --tokens, --oidc-issuer or --client-ca, or say --anonymous read or --anonymous write if that is meant", e.listen)
	}
	return anonymous, nil
}
