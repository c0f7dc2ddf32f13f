package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// load sends the requests over as many connections as the flag says, each waiting
// for an answer before it sends the next, and hands the body of each to got.
func load(addr string, requests [][]byte, got func(i int, body []byte) error) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	failed := make(chan error, *connections)
	for range *connections {
		wg.Go(func() {
			c, err := net.Dial("tcp", addr)
			if err != nil {
				failed <- err
				return
			}
			defer c.Close()
			r := bufio.NewReaderSize(c, 8<<10)
			var body []byte
			for {
				i := int(next.Add(1)) - 1
				if i >= len(requests) {
					return
				}
				if err := c.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
					failed <- err
					return
				}
				if _, err := c.Write(requests[i]); err != nil {
					failed <- err
					return
				}
				if body, err = answer(r, body[:0]); err == nil {
					err = got(i, body)
				}
				if err != nil {
					failed <- err
					return
				}
			}
		})
	}
	wg.Wait()
	close(failed)
	return <-failed
}

var contentLength = []byte("Content-Length: ")

// answer reads one HTTP answer with as little work as that takes: the machine's
// processors are to work for the server.
func answer(r *bufio.Reader, body []byte) ([]byte, error) {
	length := -1
	for first := true; ; first = false {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		if first && !bytes.HasPrefix(line, []byte("HTTP/1.1 200")) {
			rest, _ := io.ReadAll(io.LimitReader(r, 2000))
			return nil, fmt.Errorf("%s%s", line, rest)
		}
		if bytes.HasPrefix(line, contentLength) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(line[len(contentLength):]))); err != nil {
				return nil, err
			}
		}
		if len(line) <= 2 {
			break
		}
	}
	if length < 0 {
		return nil, errors.New("an answer without Content-Length")
	}
	for len(body) < length {
		body = append(body, 0)
	}
	_, err := io.ReadFull(r, body)
	return body, err
}
