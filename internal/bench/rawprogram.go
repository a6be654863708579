package main

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
)

// The requests of a client: send files, or receive those of a path.
const (
	rawSend    = 'S'
	rawReceive = 'R'
)

// rawServe is the server of the raw protocol.
func rawServe(flags copyFlags) error {
	secret, err := flags.keys.serverTLS()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if secret != nil {
		listener = tls.NewListener(listener, secret)
	}
	fmt.Println(listener.Addr())
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer conn.Close()
			if err := rawAnswer(conn, flags); err != nil {
				fmt.Fprintln(os.Stderr, "raw:", err)
			}
		}()
	}
}

func rawAnswer(conn net.Conn, flags copyFlags) error {
	from := bufio.NewReaderSize(plainReader{conn}, rawBuffer)
	request, err := from.ReadByte()
	if err != nil {
		return err
	}
	if request == rawSend {
		if err := receiveTree(from, flags.root, flags.durable); err != nil {
			return err
		}
		// This byte tells the client that the server has received everything.
		_, err = conn.Write([]byte{0})
		return err
	}
	name, err := readPath(from)
	if err != nil {
		return err
	}
	return sendTree(bufio.NewWriterSize(plainWriter{conn}, rawBuffer), filepath.Join(flags.root, name), filepath.Base(name))
}

// rawCopy is the client.
func rawCopy(flags copyFlags) error {
	conn, err := rawDial(flags)
	if err != nil {
		return err
	}
	defer conn.Close()
	to := bufio.NewWriterSize(plainWriter{conn}, rawBuffer)
	if !flags.down {
		if err := to.WriteByte(rawSend); err != nil {
			return err
		}
		if err := sendTree(to, flags.local, flags.remote); err != nil {
			return err
		}
		_, err := io.ReadFull(conn, make([]byte, 1))
		return err
	}
	err = errors.Join(to.WriteByte(rawReceive), writePath(to, flags.remote), to.Flush())
	if err != nil {
		return err
	}
	return receiveTree(bufio.NewReaderSize(plainReader{conn}, rawBuffer), filepath.Dir(flags.local), flags.durable)
}

func rawDial(flags copyFlags) (net.Conn, error) {
	secret, err := flags.keys.clientTLS()
	if err != nil {
		return nil, err
	}
	if secret != nil {
		return tls.Dial("tcp", flags.address, secret)
	}
	return net.Dial("tcp", flags.address)
}
