package s3

import (
	"context"
	"fmt"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"

	"github.com/tranship/tranship"
)

// isRead reports whether an operation of the engine changes nothing.
func isRead(operation string) bool {
	switch operation {
	case "HeadBucket", "HeadObject", "GetObject", "ListObjectsV2", "ListMultipartUploads", "ListParts":
		return true
	}
	return false
}

// refuseChanges adds a step to the operations of a client that fails for all that change
// something, before a request is made.
func refuseChanges(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("tranship:readonly", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
		if operation := awsmiddleware.GetOperationName(ctx); !isRead(operation) {
			return middleware.InitializeOutput{}, middleware.Metadata{}, fmt.Errorf("%w: %s, because the store was opened for reading only", tranship.ErrUnsupported, operation)
		}
		return next.HandleInitialize(ctx, in)
	}), middleware.After)
}
