package tranship

import "context"

// UploadFinder is an ability of a Store: it finds an unfinished upload without listing
// the others. A store that may have many uploads should implement it.
type UploadFinder interface {
	// FindUpload describes the unfinished upload with an id. It returns ErrNotFound if the
	// store has none. It is safe for concurrent use.
	FindUpload(ctx context.Context, id string) (UploadInfo, error)
}

// FindUpload describes the unfinished upload of a store with an id: with its UploadFinder
// if it has one, and otherwise by listing all uploads. It returns ErrNotFound if the
// store has none.
func FindUpload(ctx context.Context, store Uploads, id string) (UploadInfo, error) {
	if finder, ok := As[UploadFinder](store); ok {
		return finder.FindUpload(ctx, id)
	}
	for info, err := range store.ListUploads(ctx, "") {
		if err != nil {
			return UploadInfo{}, err
		}
		if info.ID == id {
			return info, nil
		}
	}
	return UploadInfo{}, UploadNotFound(id)
}
