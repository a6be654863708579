package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
)

const (
	// chunkBytes is how much is sent to clamd at once, and maxReplyBytes bounds its reply.
	chunkBytes    = 64 << 10
	maxReplyBytes = 4 << 10
)

// scan sends a content to clamd with its command INSTREAM. It returns what clamd has found, "" for
// nothing.
func scan(ctx context.Context, clamd string, content io.Reader) (virus string, err error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", clamd)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	if err := send(conn, content); err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		// Clamd may have refused the rest, and then says why.
		if reply, readErr := read(conn); readErr == nil {
			return "", fmt.Errorf("clamd answers %q", reply)
		}
		return "", err
	}
	reply, err := read(conn)
	if err != nil {
		return "", err
	}
	result := strings.TrimPrefix(reply, "stream: ")
	if name, found := strings.CutSuffix(result, " FOUND"); found {
		return name, nil
	}
	if result != "OK" {
		return "", fmt.Errorf("clamd answers %q", reply)
	}
	return "", nil
}

// send sends the command and the content: each chunk with its length before it, and a length of 0
// at the end.
func send(conn net.Conn, content io.Reader) error {
	w := bufio.NewWriter(conn)
	if _, err := w.WriteString("zINSTREAM\x00"); err != nil {
		return err
	}
	chunk := make([]byte, chunkBytes)
	for {
		n, err := io.ReadFull(content, chunk)
		if n > 0 {
			if err := binary.Write(w, binary.BigEndian, uint32(n)); err != nil { //nolint:gosec // at most chunkBytes
				return err
			}
			if _, err := w.Write(chunk[:n]); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
		if err != nil {
			return err
		}
	}
	if err := binary.Write(w, binary.BigEndian, uint32(0)); err != nil {
		return err
	}
	return w.Flush()
}

// read reads the reply of clamd, which ends with a NUL.
func read(conn net.Conn) (string, error) {
	reply, err := bufio.NewReader(io.LimitReader(conn, maxReplyBytes)).ReadString(0)
	return strings.TrimSuffix(reply, "\x00"), err
}
