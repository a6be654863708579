package quota

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
)

// caller is the account of who makes a call.
func caller(ctx context.Context) string { return nameOf(access.FromContext(ctx).Name) }

// nameOf is the account of a principal: its name, or what stands for a name that is
// longer than a file can keep.
func nameOf(principal string) string {
	if len(principal) <= tranship.MaxAccountBytes {
		return principal
	}
	sum := sha256.Sum256([]byte(principal))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// display is how an error names an account.
func display(name string) string {
	if name == "" {
		return "anonymous clients"
	}
	return name
}

func isNotFound(err error) bool { return errors.Is(err, tranship.ErrNotFound) }
