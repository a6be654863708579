package tranship

import (
	"context"
)

// UploadFinder is an ability of a store: it finds an unfinished upload without listing
// others. A store that has many uploads should have it.
type UploadFinder interface {
	// FindUpload describes the unfinished upload with this id. ErrNotFound: there is
	// none. It is safe for concurrent use.
	FindUpload(ctx context.Context, id string) (UploadInfo, error)
}

// FindUpload describes the unfinished upload of a store that has this id: by its
// UploadFinder if it has one, otherwise by listing all. ErrNotFound: there is none.
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
