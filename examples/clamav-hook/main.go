// Command clamav-hook is a hook of a server that scans files for viruses with clamd.
//
// It is asked before files become visible, and refuses small files, copies and moves in which clamd
// finds something. The content of a large upload cannot be read before it is visible: these files
// are scanned as soon as they are, and moved to the directory of the quarantine. For that, the
// principal of this program needs the rights to read and delete all files, and to write to the
// quarantine; no other should have a right there.
//
//	clamd
//	clamav-hook -listen 127.0.0.1:7000 -clamd 127.0.0.1:3310 -server 127.0.0.1:50051
//	tranship serve --root /srv/files --hooks "name=clamav grpc=127.0.0.1:7000 events=before-commit+after-commit content=true timeout=1m"
package main

import (
	"flag"
	"log"
	"net"

	"google.golang.org/grpc"

	hooksv1 "github.com/tranship/tranship/proto/tranship/hooks/v1"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:7000", "address to listen on")
	scanner := scanner{}
	flag.StringVar(&scanner.clamd, "clamd", "127.0.0.1:3310", "address of clamd")
	flag.StringVar(&scanner.server, "server", "127.0.0.1:50051", "address of the server")
	flag.StringVar(&scanner.quarantine, "quarantine", "quarantine", "directory of the server for files with viruses")
	flag.Parse()
	listener, err := net.Listen("tcp", *listen)
	check(err)
	service := grpc.NewServer()
	hooksv1.RegisterHookServiceServer(service, &scanner)
	log.Printf("serving at %s", listener.Addr())
	check(service.Serve(listener))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
