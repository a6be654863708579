package token

// ParseEntry parses a line.
var ParseEntry = parseEntry

// Parse returns the entries of a file.
func Parse(content []byte) (entries []Entry, err error) {
	all, err := parse(content)
	for _, some := range all {
		entries = append(entries, some...)
	}
	return entries, err
}

// Encode returns the token of a secret.
var Encode = encode
