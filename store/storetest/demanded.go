package storetest

import (
	"github.com/tranship/tranship"
)

// demandedTests are those of a store that compares content with the checksum of a spec.
func demandedTests() []test {
	return []test{
		{"put", demandedByPut},
		{"upload", demandedByUpload},
		{"remembered commit", demandedOfRemembered},
	}
}

func demandedByPut(f fixture) {
	data := []byte("data")
	spec := tranship.Spec{Path: "d/file", CRC32C: new(tranship.CRC32C(data))}
	_, err := f.store.Put(f.Context(), spec, []byte("other"))
	f.fails("Put of other bytes", err, tranship.ErrIntegrity)
	f.isEmpty()
	kept := f.putSpec(spec, data)
	_, err = f.store.Put(f.Context(), spec, nil)
	f.fails("Put of no bytes", err, tranship.ErrIntegrity)
	f.sameFile(f.has("d/file", data), kept)
	f.putSpec(tranship.Spec{Path: "empty", CRC32C: new(uint32(0))}, nil)
}

func demandedByUpload(f fixture) {
	data := content(1, 1000)
	crc := tranship.CRC32C(data)
	for _, at := range []*uint32{nil, &crc, new(crc + 1)} {
		spec := tranship.Spec{Path: "file", CRC32C: new(crc + 1)}
		upload := f.begin(spec)
		*spec.CRC32C = crc // the caller's memory
		f.writePart(upload, 0, data)
		_, err := upload.Commit(f.Context(), tranship.Commit{Size: 1000, CRC32C: at})
		f.fails("Commit of other bytes", err, tranship.ErrIntegrity)
		f.isEmpty()
	}
	for _, at := range []*uint32{nil, &crc} {
		upload := f.begin(tranship.Spec{Path: "file", CRC32C: &crc})
		f.writePart(upload, 0, data)
		if _, err := upload.Commit(f.Context(), tranship.Commit{Size: 1000, CRC32C: at}); err != nil {
			f.Fatalf("Commit of the right bytes: %v", err)
		}
		f.has("file", data)
	}
}

// demandedOfRemembered demands another checksum than that of the file that was made.
func demandedOfRemembered(f fixture) {
	f.needs(NoResume)
	data := f.parted(1)
	spec := resumable("file", "key", data)
	older, file := f.committed(spec, data)
	spec.CRC32C = new(tranship.CRC32C(data) + 1)
	upload := f.recall(older, spec, data)
	_, err := upload.Commit(f.Context(), tranship.Commit{Size: file.Size})
	f.fails("Commit of other bytes", err, tranship.ErrIntegrity)
	f.detach(upload)
	spec.CRC32C = new(tranship.CRC32C(data))
	f.sameFile(f.commit(f.recall(older, spec, data), data), file)
}
