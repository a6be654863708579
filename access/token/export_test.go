package token

// ParseEntry and Parse are for fuzzing.
var ParseEntry = parseEntry

// Parse is the entries of a file.
func Parse(content []byte) (entries []Entry, err error) {
	all, err := parse(content)
	for _, some := range all {
		entries = append(entries, some...)
	}
	return entries, err
}

// Encode makes the token of a secret.
var Encode = encode
