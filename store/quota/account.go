package quota

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
)

// caller returns the account of the caller.
func caller(ctx context.Context) string { return nameOf(access.FromContext(ctx).Name) }

// nameOf returns the account of a principal: its name, or a digest of a name that is
// longer than tranship.MaxAccountBytes.
func nameOf(principal string) string {
	if len(principal) <= tranship.MaxAccountBytes {
		return principal
	}
	sum := sha256.Sum256([]byte(principal))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// display returns the name of an account for an error text.
func display(name string) string {
	if name == "" {
		return "anonymous clients"
	}
	return name
}

func isNotFound(err error) bool { return errors.Is(err, tranship.ErrNotFound) }
