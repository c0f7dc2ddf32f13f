// Command resident measures how fast the server starts and how much memory it keeps,
// with an empty store and with many stored requests:
//
//	go run ./resident -server ../bin/groundcontrol -requests 1000000
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"example.org/groundcontrol/bench/internal/load"
	"example.org/groundcontrol/internal/auth"
	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/store/sqlite"
)

var (
	binary   = flag.String("server", "../bin/groundcontrol", "server binary")
	requests = flag.Int("requests", 1_000_000, "stored requests")
)

func main() {
	flag.Parse()
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	var starts []time.Duration
	var empty int
	for range 5 {
		dir, err := os.MkdirTemp("", "resident")
		if err != nil {
			return err
		}
		start, kb, err := measure(dir, nil)
		if err = errors.Join(err, os.RemoveAll(dir)); err != nil {
			return err
		}
		starts, empty = append(starts, start), max(empty, kb)
	}
	slices.Sort(starts)
	fmt.Printf("empty store: ready after %v (median of 5), %.1f MB resident when idle\n", starts[2].Round(time.Millisecond), mb(empty))

	dir, err := os.MkdirTemp("", "resident")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	tokens, err := fill(filepath.Join(dir, "groundcontrol.db"), *requests)
	if err != nil {
		return err
	}
	info, err := os.Stat(filepath.Join(dir, "groundcontrol.db"))
	if err != nil {
		return err
	}
	start, kb, err := measure(dir, tokens)
	if err != nil {
		return err
	}
	fmt.Printf("%d requests: ready after %v, %.1f MB resident after 5,000 status reads and 200 lists over them (%+.1f MB), %d bytes of disk each\n",
		*requests, start.Round(time.Millisecond), mb(kb), mb(kb-empty), info.Size()/int64(*requests))
	return nil
}

func mb(kb int) float64 { return float64(kb) / 1024 }

// measure starts a server on dir, reads some of the requests with the tokens, and
// returns the time to readiness and the resident memory in KiB.
func measure(dir string, tokens []string) (ready time.Duration, kb int, err error) {
	cmd := exec.Command(*binary, "serve", "--data", dir, "--listen", "127.0.0.1:43219", "--no-access-log")
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, 0, err
	}
	defer func() {
		err = errors.Join(err, cmd.Process.Signal(syscall.SIGTERM), cmd.Wait())
	}()
	const url = "http://127.0.0.1:43219"
	for range 2000 {
		answer, err := http.Get(url + "/readyz")
		if err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				ready = time.Since(began)
				break
			}
		}
		time.Sleep(2 * time.Millisecond)
	}
	if ready == 0 {
		return 0, 0, errors.New("the server did not become ready")
	}
	if err := read(url, dir, tokens); err != nil {
		return 0, 0, err
	}
	time.Sleep(2 * time.Second)
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
	if err != nil {
		return 0, 0, err
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	_, err = fmt.Sscan(rest, &kb)
	return ready, kb, err
}

func read(url, dir string, tokens []string) error {
	keys, err := auth.LoadOrCreate(filepath.Join(dir, "credentials.json"))
	if err != nil {
		return err
	}
	call := func(operation, body string) error {
		r, err := http.NewRequest(http.MethodPost, url, strings.NewReader(body))
		if err != nil {
			return err
		}
		r.Header.Set("Content-Type", "application/x-amz-json-1.0")
		r.Header.Set("X-Amz-Target", "CloudApiService."+operation)
		auth.Sign(r, []byte(body), keys.All()[0], "us-east-1", "cloudcontrolapi", time.Now())
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			return err
		}
		text, err := io.ReadAll(answer.Body)
		if err = errors.Join(err, answer.Body.Close()); err != nil {
			return err
		}
		if answer.StatusCode != http.StatusOK || !bytes.Contains(text, []byte("SUCCESS")) {
			return fmt.Errorf("%s: %s", operation, text)
		}
		return nil
	}
	if len(tokens) == 0 {
		return nil
	}
	for i := range 5000 {
		if err := call("GetResourceRequestStatus", fmt.Sprintf(`{"RequestToken":%q}`, tokens[i*7919%len(tokens)])); err != nil {
			return err
		}
	}
	for range 200 {
		if err := call("ListResourceRequests", `{"MaxResults":100,"ResourceRequestStatusFilter":{"OperationStatuses":["SUCCESS","FAILED"]}}`); err != nil {
			return err
		}
	}
	return nil
}

// fill stores n creates that ended well an hour ago, straight through the store.
func fill(path string, n int) (tokens []string, err error) {
	ctx := context.Background()
	s, err := sqlite.Open(ctx, path, sqlite.Options{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	tokens = make([]string, n)
	first := s.Now().Add(-time.Hour)
	var next atomic.Int64
	var wg sync.WaitGroup
	failed := make(chan error, 256)
	for range 256 {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				at := first.Add(time.Duration(i) * time.Millisecond)
				tokens[i] = operation.NewToken(at, [8]byte{byte(i >> 24), byte(i >> 16), byte(i >> 8), byte(i)})
				if err := one(ctx, s, i, tokens[i], at); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	wg.Wait()
	close(failed)
	return tokens, <-failed
}

func one(ctx context.Context, s *sqlite.Store, i int, token string, at time.Time) error {
	r := load.Request(auth.RootAccount)
	r.Region, r.Identifier, r.ClientToken, r.Input = "us-east-1", fmt.Sprintf("/service/%d", i), "client-"+token, operation.Input{}
	return load.AcceptAndEnd(ctx, s, r, token, at)
}
