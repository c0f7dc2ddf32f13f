package postgres_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"

	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/resource"
	"example.org/groundcontrol/internal/store"
	"example.org/groundcontrol/internal/store/postgres"
	"example.org/groundcontrol/internal/store/storetest"
	"example.org/groundcontrol/internal/testpg"
)

func open(t testing.TB, url string) *postgres.Store { return openWith(t, url, postgres.Options{}) }

func openWith(t testing.TB, url string, o postgres.Options) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store {
		url := testpg.Database(t)
		return &last{open(t, url), t, url, sync.Once{}}
	})
}

// last is the store that uses its database last.
type last struct {
	store.Store
	t    testing.TB
	url  string
	once sync.Once
}

func (l *last) Close() error {
	err := l.Store.Close()
	l.once.Do(func() { testpg.GiveBack(l.t, l.url) })
	return err
}

// TestStoreOfManyNodes runs the contract with each verb on another node.
func TestStoreOfManyNodes(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store {
		url := testpg.Database(t)
		return &last{&cluster{nodes: []store.Store{open(t, url), open(t, url), open(t, url)}}, t, url, sync.Once{}}
	})
}

const (
	account  = "000000000001"
	region   = "eu-north-1"
	typeName = "A::B::C"
)

func random() (b [8]byte) {
	binary.BigEndian.PutUint64(b[:], rand.Uint64())
	return b
}

// request is a create of a resource that node n1 holds.
func request(t testing.TB, now time.Time, id, clientToken string) operation.Request {
	t.Helper()
	r := operation.Accept(operation.Request{
		Account: account, Region: region, Operation: operation.Create, TypeName: typeName, TypeVersion: "00000001",
		Caller: "arn", Identifier: id, ClientToken: clientToken, InputHash: []byte{1}, Input: operation.Input{Desired: []byte(`{}`)},
	}, operation.NewToken(now, random()), now, time.Hour)
	r, err := operation.Apply(r, operation.Event{Kind: operation.Claim, At: now, Node: "n1", Lease: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// succeeded is r after it ended well, and what that leaves in the ledger.
func succeeded(t testing.TB, r operation.Request) (operation.Request, *resource.Change) {
	t.Helper()
	n, err := operation.Apply(r, operation.Event{Kind: operation.Succeed, At: r.Accepted, Node: r.Node, Attempt: r.Attempt, Model: []byte(`{}`)})
	if err != nil {
		t.Fatal(err)
	}
	return n, &resource.Change{Resource: resource.Resource{Key: key(r.Identifier), Model: []byte(`{}`), Updated: r.Accepted, Request: r.Token}}
}

func key(id string) resource.Key {
	return resource.Key{Account: account, Region: region, TypeName: typeName, Identifier: id}
}

func accept(t testing.TB, s store.Store, r operation.Request) operation.Request {
	t.Helper()
	r, err := s.Accept(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func end(t testing.TB, s store.Store, r operation.Request) {
	t.Helper()
	n, change := succeeded(t, r)
	if _, err := s.Save(t.Context(), n, change); err != nil {
		t.Fatal(err)
	}
}

func TestNodesOpenAnEmptyDatabaseAtOnce(t *testing.T) {
	url := testpg.Database(t)
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			s, err := postgres.Open(t.Context(), url, postgres.Options{})
			if err == nil {
				err = s.Close()
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestNewerTablesAreRefused(t *testing.T) {
	url := testpg.Database(t)
	if err := open(t, url).Close(); err != nil {
		t.Fatal(err)
	}
	query(t, url, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)`)
	if s, err := postgres.Open(t.Context(), url, postgres.Options{}); !errors.Is(err, postgres.ErrNewer) {
		t.Errorf("%v, %v; want ErrNewer", s, err)
	}
}

func TestNoErrorTellsThePassword(t *testing.T) {
	for _, url := range []string{"postgres://u:sesame@127.0.0.1:1/db", "postgres://u:sesame@%/db", "host=127.0.0.1 password=sesame port=x"} {
		if _, err := postgres.Open(t.Context(), url, postgres.Options{}); err == nil || strings.Contains(err.Error(), "sesame") {
			t.Errorf("%v", err)
		}
	}
}

func TestClosedStoreRefuses(t *testing.T) {
	s := open(t, testpg.Database(t))
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Error(err)
	}
	if _, err := s.Accept(t.Context(), request(t, s.Now(), "a", "")); err == nil {
		t.Error("a closed store accepts")
	}
	if _, err := s.Live(t.Context()); err == nil {
		t.Error("a closed store counts")
	}
	if _, err := s.Claim(t.Context(), store.Claim{}); err == nil {
		t.Error("a closed store claims")
	}
	if err := s.Watch(t.Context(), func(store.Hint) {}); err == nil {
		t.Error("a closed store watches")
	}
}

func TestWritersShareCommits(t *testing.T) {
	var commits, verbs atomic.Int64
	s := openWith(t, testpg.Database(t), postgres.Options{Committed: func(n int) {
		commits.Add(1)
		verbs.Add(int64(n))
	}})
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for range 10 {
				if _, err := s.Accept(t.Context(), request(t, s.Now(), "", "")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if verbs.Load() != 640 || commits.Load() > 320 {
		t.Errorf("%d verbs in %d transactions", verbs.Load(), commits.Load())
	}
}

// TestRefusalUndoesOnlyItself mixes verbs that are refused, or break the statements of
// all, with good ones that share their transactions.
func TestRefusalUndoesOnlyItself(t *testing.T) {
	s := open(t, testpg.Database(t))
	const n = 150
	accepted := make([]operation.Request, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			r := request(t, s.Now(), strconv.Itoa(i), "")
			if i%10 == 5 {
				r.Identifier += "\x00" // which PostgreSQL does not store
			}
			var err error
			if accepted[i], err = s.Accept(t.Context(), r); (err != nil) != (i%10 == 5) {
				t.Errorf("accept %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	for i, r := range accepted {
		if i%10 == 5 {
			continue
		}
		wg.Go(func() {
			n, change := succeeded(t, r)
			var want error
			switch i % 10 {
			case 0, 1, 2:
				n.Revision, want = 7, store.ErrStale
			case 3:
				change.Expect, want = 3, store.ErrMoved
			case 4:
				n, change, want = r, nil, store.ErrBusy
				n.Identifier = strconv.Itoa(i - 1) // whose save is refused
			}
			if _, err := s.Save(t.Context(), n, change); !errors.Is(err, want) {
				t.Errorf("save %d: %v, want %v", i, err, want)
			}
		})
	}
	wg.Wait()
	for i := range n {
		_, err := s.Resource(t.Context(), key(strconv.Itoa(i)))
		if refused := i%10 < 6; refused != errors.Is(err, store.ErrNotFound) {
			t.Errorf("resource %d: %v", i, err)
		}
	}
}

// TestCrossingVerbsEnd lets two nodes accept the same resources and client tokens in
// crossing orders, as in the textbook of deadlocks.
func TestCrossingVerbsEnd(t *testing.T) {
	url := testpg.Database(t)
	nodes := []store.Store{open(t, url), open(t, url)}
	var wg sync.WaitGroup
	var won atomic.Int64
	for c := range 64 {
		wg.Go(func() {
			s := nodes[c%2]
			for i := range 20 {
				id, token := rand.IntN(20), rand.IntN(20)
				r, err := s.Accept(t.Context(), request(t, s.Now(), strconv.Itoa(id), strconv.Itoa(token)))
				switch {
				case errors.Is(err, store.ErrBusy), errors.Is(err, store.ErrTokenConflict):
					continue
				case err != nil:
					t.Errorf("accept %d of client %d: %v", i, c, err)
					return
				case r.Status.Ended():
					continue // a replay
				}
				n, _ := succeeded(t, r)
				switch _, err = nodes[rand.IntN(2)].Save(t.Context(), n, nil); {
				case err == nil:
					won.Add(1)
				case !errors.Is(err, store.ErrStale): // two clients have one request by replay
					t.Errorf("save %d of client %d: %v", i, c, err)
					return
				}
			}
		})
	}
	wg.Wait()
	t.Logf("%d deadlocks", count(t, url, `SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`))
	page, err := nodes[0].Requests(t.Context(), store.RequestQuery{Account: account, Region: region, Limit: 2000})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, r := range page.Requests {
		if seen[r.ClientToken] || r.Status != operation.Success {
			t.Errorf("client token %s: %s, seen before: %v", r.ClientToken, r.Status, seen[r.ClientToken])
		}
		seen[r.ClientToken] = true
	}
	if len(page.Requests) != int(won.Load()) || len(page.Requests) > 20 {
		t.Errorf("%d requests, %d ended", len(page.Requests), won.Load())
	}
}

func TestNodesHearOfEachOther(t *testing.T) {
	url := testpg.Database(t)
	a, b := open(t, url), open(t, url)
	heardByA, stopA := watch(t, a)
	defer stopA()
	heardByB, stopB := watch(t, b)
	defer stopB()
	untilHeard(t, a, heardByB)
	// More than are told one by one.
	for range 3 {
		var wg sync.WaitGroup
		for range 600 {
			wg.Go(func() { accept(t, a, request(t, a.Now(), "", "")) })
		}
		wg.Wait()
	}
	r := accept(t, b, request(t, b.Now(), "", ""))
	if !waitFor(heardByA, r.Token, time.Minute) {
		t.Error("no word of the second node's request")
	}
	for range len(heardByA) {
		if token := <-heardByA; token != "" && token != r.Token {
			t.Error("a node is told of what it has written itself")
		}
	}
}

func TestNodesHearOfWorkForAny(t *testing.T) {
	url := testpg.Database(t)
	a, b := open(t, url), open(t, url)
	ctx, cancel := context.WithCancel(t.Context())
	hints := make(chan store.Hint, 1000)
	watching := make(chan error, 1)
	go func() { watching <- a.Watch(ctx, func(h store.Hint) { hints <- h }) }()
	// What is written before they know of each other is not told.
	free := func(mine bool) bool {
		for range 300 {
			r := request(t, b.Now(), "", "")
			if !mine {
				r.Status, r.Node, r.LeaseUntil = operation.Pending, "", time.Time{}
			}
			accept(t, b, r)
			for late := time.After(200 * time.Millisecond); ; {
				select {
				case h := <-hints:
					if slices.Contains(h.Tokens, r.Token) {
						return h.Free
					}
					continue
				case <-late:
				}
				break
			}
		}
		t.Fatal("no word of a request")
		return false
	}
	if free(true) {
		t.Error("what another node holds is told as work for any")
	}
	if !free(false) {
		t.Error("no word that any node may take a request")
	}
	cancel()
	if err := <-watching; !errors.Is(err, context.Canceled) {
		t.Errorf("watch: %v", err)
	}
}

// untilHeard returns when s has noticed who listens to it.
func untilHeard(t testing.TB, s store.Store, heard chan string) {
	t.Helper()
	for range 300 {
		r := accept(t, s, request(t, s.Now(), "", ""))
		if waitFor(heard, r.Token, 200*time.Millisecond) {
			return
		}
	}
	t.Fatal("no word of another node's request")
}

// watch gives the tokens that s is told, and "" for "anything", once s listens.
func watch(t testing.TB, s store.Store) (heard chan string, stop func()) {
	t.Helper()
	heard = make(chan string, 1000000)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- s.Watch(ctx, func(h store.Hint) {
			for _, token := range h.Tokens {
				heard <- token
			}
			if len(h.Tokens) == 0 {
				heard <- ""
			}
		})
	}()
	if !waitFor(heard, "", time.Minute) {
		t.Fatal("Watch does not begin")
	}
	return heard, func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("watch: %v", err)
		}
	}
}

func waitFor(heard chan string, token string, most time.Duration) bool {
	late := time.After(most)
	for {
		select {
		case got := <-heard:
			if got == token {
				return true
			}
		case <-late:
			return false
		}
	}
}

func TestSlicesAreMadeAndDropped(t *testing.T) {
	url := testpg.Database(t)
	a, b := openWith(t, url, postgres.Options{Slice: time.Second}), openWith(t, url, postgres.Options{Slice: 2 * time.Second})
	if n := count(t, url, `SELECT count(*) FROM pg_inherits WHERE inhparent = 'done'::regclass`); n < 4 {
		t.Errorf("%d slices at the start", n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	var purged, ended atomic.Int64
	for _, s := range []store.Store{a, b} {
		wg.Go(func() { // purges as fast as it can, what has just ended too
			for ctx.Err() == nil {
				n, err := s.Purge(t.Context(), s.Now(), 10)
				purged.Add(int64(n))
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	var load sync.WaitGroup
	began := time.Now()
	for c := range 8 {
		load.Go(func() {
			s := []store.Store{a, b}[c%2]
			for i := range 100000 {
				if time.Since(began) > 4*time.Second {
					return
				}
				id := fmt.Sprint(c, "/", i)
				end(t, s, accept(t, s, request(t, s.Now(), id, id)))
				ended.Add(1)
				if _, err := s.Requests(t.Context(), store.RequestQuery{Account: account, Region: region, Limit: 3}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	load.Wait()
	cancel()
	wg.Wait()
	if purged.Load() == 0 {
		t.Error("nothing was purged meanwhile")
	}
	// A vacuum that looks at one of the slices keeps it for later.
	left := count(t, url, `SELECT count(*) FROM done`)
	for try := 0; try < 100 && left > 0; try++ {
		if _, err := a.Purge(t.Context(), a.Now().Add(time.Hour), 1000000); err != nil {
			t.Fatal(err)
		}
		left = count(t, url, `SELECT count(*) FROM done`)
	}
	if left != 0 {
		t.Errorf("%d requests are left of %d, %d were purged meanwhile", left, ended.Load(), purged.Load())
	}
	end(t, a, accept(t, a, request(t, a.Now(), "after", "")))
	if left := count(t, url, `SELECT count(*) FROM done`); left != 1 {
		t.Errorf("%d requests where one ended since", left)
	}
}

// TestASliceUnderVacuumIsDroppedLater holds the lock that vacuum takes.
func TestASliceUnderVacuumIsDroppedLater(t *testing.T) {
	url := testpg.Database(t)
	s := openWith(t, url, postgres.Options{Slice: time.Second})
	end(t, s, accept(t, s, request(t, s.Now(), "a", "")))
	var slice string
	vacuum, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer vacuum.Close(context.WithoutCancel(t.Context()))
	if err := vacuum.QueryRow(t.Context(), `SELECT tableoid::regclass::text FROM done`).Scan(&slice); err != nil {
		t.Fatal(err)
	}
	tx, err := vacuum.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `LOCK TABLE `+slice+` IN SHARE UPDATE EXCLUSIVE MODE`); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{1, 0} {
		if _, err := s.Purge(t.Context(), s.Now().Add(time.Hour), 10); err != nil {
			t.Fatal(err)
		}
		if left := count(t, url, `SELECT count(*) FROM done`); left != want {
			t.Errorf("%d requests are left, want %d", left, want)
		}
		if err := tx.Rollback(t.Context()); err != nil && !errors.Is(err, pgx.ErrTxClosed) {
			t.Fatal(err)
		}
	}
}

// TestNowIsTheDatabasesClock gives the database another clock than ours.
func TestNowIsTheDatabasesClock(t *testing.T) {
	plain := testpg.Database(t)
	query(t, plain, `CREATE SCHEMA other; CREATE TABLE other.step (by interval); INSERT INTO other.step VALUES ('5 hours');
		CREATE FUNCTION other.clock_timestamp() RETURNS timestamptz LANGUAGE sql
		AS 'SELECT pg_catalog.clock_timestamp() + by FROM other.step'`)
	s := open(t, plain+"?search_path="+url.QueryEscape("other,public,pg_catalog"))
	off := func(by time.Duration) time.Duration { return time.Until(s.Now().Add(-by)).Abs() }
	if d := off(5 * time.Hour); d > time.Second {
		t.Errorf("off by %v", d)
	}
	if s.Now().Location() != time.UTC {
		t.Error("not in UTC")
	}
	query(t, plain, `UPDATE other.step SET by = '-3 hours'`)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for range 100 {
		if off(-3*time.Hour) < time.Second {
			return
		}
		<-tick.C
	}
	t.Errorf("off by %v, 10 s after the database's clock was set", off(-3*time.Hour))
}

func query(t testing.TB, url, sql string) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Exec(t.Context(), sql)
	if err := errors.Join(err, c.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
}

func count(t testing.TB, url, sql string) (n int) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	err = c.QueryRow(t.Context(), sql).Scan(&n)
	if err := errors.Join(err, c.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		if err := testpg.StopShared(); err != nil {
			panic(err)
		}
		os.Exit(code)
	}))
}
