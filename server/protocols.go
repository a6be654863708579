package server

// Protocols are protocols of existing clients.
type Protocols struct {
	// Filesrv serves the filesrv protocol; nil means that it is not served.
	Filesrv *Filesrv
	// Filetransfer serves the filetransfer protocol.
	Filetransfer bool
}

// Filesrv are settings of the filesrv protocol. The zero value is useful.
type Filesrv struct {
	// UploadSuffix goes between the name and the extension of an uploaded file: with
	// "_recv", a.txt is saved as a_recv.txt, as by the servers of the tutorial.
	UploadSuffix string
	// Revision is the revision of the protocol for clients that do not name theirs: 1
	// or 2. 0 means 1.
	Revision int
}
