package storetest

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/resource"
	"example.org/groundcontrol/internal/store"
)

// A test goes through at least modelRuns lives of a store, and through as many as rapid
// wants (-rapid.checks) while that takes less than modelTime: some open slowly, which is
// why lives are few and long, of modelParts times as many verbs as rapid wants (-rapid.steps).
const (
	modelRuns  = 10
	modelParts = 3
	modelTime  = 2 * time.Second
)

// Model takes the store that open returns, and a model of it made of maps, through
// the same random verbs, and compares every answer.
func Model(t *testing.T, open func(t *testing.T) store.Store) {
	runs, failed, began := 0, false, time.Now()
	rapid.Check(t, func(rt *rapid.T) {
		if runs++; runs > modelRuns && !failed && time.Since(began) > modelTime {
			return
		}
		failed = true // until the end of this run: a failure is played again, however often
		s := open(t)
		defer func() {
			if err := s.Close(); err != nil {
				rt.Errorf("close: %v", err)
			}
		}()
		m := &model{
			s: s, now: t0, requests: map[string]operation.Request{}, locks: map[resource.Key]string{},
			clients: map[client]string{}, forgotten: map[string]bool{}, ledger: map[resource.Key]resource.Resource{},
		}
		for range modelParts {
			rt.Repeat(map[string]func(*rapid.T){"step": m.step})
		}
		m.compare(rt)
		failed = false
	})
}

// model is a store and what it ought to hold.
type model struct {
	s   store.Store
	now time.Time // never goes back
	n   int       // tokens made

	requests  map[string]operation.Request // by token
	order     []string                     // tokens in the order of acceptance, with those that are gone
	past      []operation.Request          // older versions
	locks     map[resource.Key]string      // token of the live request that holds a resource
	clients   map[client]string            // token of the request that a client token stands for
	forgotten map[string]bool              // requests whose client token stands for a later one
	ledger    map[resource.Key]resource.Resource
}

type client struct{ account, region, token string }

// What the verbs are called with: little of each, so that they meet.
var (
	accounts = []string{account, "000000000002"}
	regions  = []string{region, region + "0", "us|east/1"}
	types    = []string{"A::B::C", "A::B::CC", "É|x/y"}
	clients  = []string{"", "", "ct", "CT", "c|t/ü"}
	names    = []string{"", "a", "a", "A", "a ", "a|b", "a/b", "é", "e\u0301", "%", "😀|'", long('a', 26), long('\U0001F600', 64)}
	said     = []string{"", "half way", "\"\\ \u2028\U0001F600' --"}
	papers   = []string{"", `{}`, `{"b":1.0,"a":12345678901234567890,"a":2,"nul":"\u0000","é":"\ud83d\ude00"}`}
	delays   = []time.Duration{0, time.Second, time.Minute, time.Hour}
)

// long is an identifier as long as identifiers get, of so many letters in no order.
func long(first rune, letters int) string {
	random := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	for range 1024 {
		b.WriteRune(first + rune(random.IntN(letters)))
	}
	return b.String()
}

func pick[T any](rt *rapid.T, what string, from []T) T { return rapid.SampledFrom(from).Draw(rt, what) }

func chance(rt *rapid.T, what string, percent int) bool {
	return rapid.IntRange(0, 99).Draw(rt, what) < percent
}

func paper(rt *rapid.T, what string) []byte {
	if s := pick(rt, what, papers); s != "" {
		return []byte(s)
	}
	return nil
}

// step writes once and looks twice.
func (m *model) step(rt *rapid.T) {
	switch pick(rt, "verb", []string{"Accept", "Accept", "Accept", "Accept", "Save", "Save", "Save", "Save", "Claim", "Claim", "Purge", "wait"}) {
	case "Accept":
		m.accept(rt)
	case "Save":
		m.save(rt)
	case "Claim":
		m.claim(rt)
	case "Purge":
		m.purge(rt)
	case "wait":
		m.wait(rt)
	}
	m.look(rt)
	m.look(rt)
}

// wait lets time pass: some, or as much as is left of a client token's life.
func (m *model) wait(rt *rapid.T) {
	if r, ok := m.some(rt); ok && rapid.Bool().Draw(rt, "token") {
		end := r.Accepted.Add(operation.ClientTokenLife).Add(pick(rt, "early", []time.Duration{0, -1, -time.Second}))
		m.now = m.now.Add(max(end.Sub(m.now), 0))
		m.replay(rt)
		return
	}
	m.now = m.now.Add(pick(rt, "wait", delays))
}

// usual picks the first half of the time, so that verbs meet.
func usual(rt *rapid.T, what string, from []string) string {
	return from[max(rapid.IntRange(1-len(from), len(from)-1).Draw(rt, what), 0)]
}

// some returns a request that is or was there, as it is or was, and false before the first.
func (m *model) some(rt *rapid.T) (operation.Request, bool) {
	if len(m.order) == 0 {
		return operation.Request{}, false
	}
	if len(m.past) > 0 && chance(rt, "old version", 10) {
		return pick(rt, "of", m.past), true
	}
	if live := m.live(func(operation.Request) bool { return true }); len(live) > 0 && chance(rt, "live", 70) {
		return pick(rt, "live request", live), true
	}
	r, ok := m.requests[pick(rt, "request", m.order)]
	return r, ok
}

// live returns the live requests that keep lets through, longest due first.
func (m *model) live(keep func(operation.Request) bool) (all []operation.Request) {
	for _, token := range m.order {
		if r, ok := m.requests[token]; ok && !r.Status.Ended() && keep(r) {
			all = append(all, r)
		}
	}
	slices.SortStableFunc(all, func(a, b operation.Request) int { return a.Claimable().Compare(b.Claimable()) })
	return all
}

func keyOf(r operation.Request) resource.Key {
	return resource.Key{Account: r.Account, Region: r.Region, TypeName: r.TypeName, Identifier: r.Identifier}
}

// put writes r into the maps.
func (m *model) put(r operation.Request) {
	if old, ok := m.requests[r.Token]; ok {
		m.past = append(m.past, old)
		if m.locks[keyOf(old)] == r.Token {
			delete(m.locks, keyOf(old))
		}
	}
	if !r.Status.Ended() && r.Identifier != "" {
		m.locks[keyOf(r)] = r.Token
	}
	m.requests[r.Token] = r
}

func (m *model) accept(rt *rapid.T) {
	m.n++
	m.now = m.now.Add(time.Second)
	r := operation.Request{
		Account: usual(rt, "account", accounts), Region: usual(rt, "region", regions), TypeName: usual(rt, "type", types),
		Identifier: pick(rt, "identifier", names), Operation: pick(rt, "operation", operation.Operations),
		ClientToken: pick(rt, "client token", clients), InputHash: pick(rt, "hash", [][]byte{{1}, {1}, {2}}),
		Caller: "arn:aws:iam::" + account + ":root", RoleArn: pick(rt, "role", said), TypeVersion: "00000001",
		Input: operation.Input{Desired: paper(rt, "desired"), Previous: paper(rt, "previous")},
	}
	if old, ok := m.some(rt); ok && chance(rt, "same resource", 60) {
		r.Account, r.Region, r.TypeName, r.Identifier = old.Account, old.Region, old.TypeName, old.Identifier
		if chance(rt, "same client token", 30) {
			r.ClientToken = old.ClientToken
		}
	}
	if r.Operation == operation.Update {
		r.BaseRevision = m.ledger[keyOf(r)].Revision + pick(rt, "base", []int64{0, 0, 1, -1})
	}
	var random [8]byte
	binary.BigEndian.PutUint64(random[:], uint64(m.n))
	r = operation.Accept(r, operation.NewToken(m.now, random), m.now, pick(rt, "deadline", []time.Duration{time.Minute, time.Hour, 100 * time.Hour}))
	if rapid.Bool().Draw(rt, "leased") {
		r = m.apply(rt, r, operation.Event{Kind: operation.Claim, At: m.now, Node: "n1", Lease: time.Minute})
	}
	want, wantErr := m.accepted(r)
	got, err := m.s.Accept(rt.Context(), r)
	m.wantErr(rt, "accept", err, wantErr)
	if wantErr == store.ErrMoved {
		got.Revision = want.Revision // nothing was stored that it could be of
	}
	m.same(rt, "accept", got, want)
}

// accepted is what Accept of r does to the model, and its answer.
func (m *model) accepted(r operation.Request) (operation.Request, error) {
	c := client{r.Account, r.Region, r.ClientToken}
	before := m.clients[c]
	if old, ok := m.requests[before]; ok && r.Accepted.Sub(old.Accepted) < operation.ClientTokenLife {
		if !bytes.Equal(old.InputHash, r.InputHash) {
			return old, store.ErrTokenConflict
		}
		return old, nil
	}
	if holder, ok := m.locks[keyOf(r)]; ok {
		return m.requests[holder], store.ErrBusy
	}
	if r.Operation == operation.Update && r.BaseRevision != m.ledger[keyOf(r)].Revision {
		return r, store.ErrMoved
	}
	if r.ClientToken != "" {
		m.forgotten[before] = true
		m.clients[c] = r.Token
	}
	r.Revision = 1
	m.put(r)
	m.order = append(m.order, r.Token)
	return r, nil
}

func (m *model) apply(rt *rapid.T, r operation.Request, e operation.Event) operation.Request {
	n, err := operation.Apply(r, e)
	if err != nil {
		rt.Fatal(err)
	}
	return n
}

func (m *model) save(rt *rapid.T) {
	r, ok := m.some(rt)
	if !ok {
		return
	}
	r = m.next(rt, r)
	if chance(rt, "other revision", 10) {
		r.Revision += pick(rt, "by", []int64{-r.Revision, -1, 1})
	}
	change := m.change(rt, r)
	var refusals []error
	if stored, ok := m.requests[r.Token]; !ok || stored.Revision != r.Revision {
		refusals = append(refusals, store.ErrStale)
	}
	if holder, ok := m.locks[keyOf(r)]; ok && holder != r.Token && !r.Status.Ended() {
		refusals = append(refusals, store.ErrBusy)
	}
	if change != nil && change.Expect != resource.AnyRevision && change.Expect != m.ledger[change.Key].Revision {
		refusals = append(refusals, store.ErrMoved)
	}
	got, err := m.s.Save(rt.Context(), r, change)
	if len(refusals) > 0 { // where there are many reasons any of them will do
		if !slices.ContainsFunc(refusals, func(e error) bool { return errors.Is(err, e) }) {
			rt.Fatalf("save: %v, want one of %v", err, refusals)
		}
		return
	}
	m.wantErr(rt, "save", err, nil)
	if change != nil {
		m.enter(*change)
	}
	r.Revision++
	m.put(r)
	m.same(rt, "save", got, r)
}

// next is r after something that may happen to it now.
func (m *model) next(rt *rapid.T, r operation.Request) operation.Request {
	e := operation.Event{
		Kind: pick(rt, "event", []operation.Kind{
			operation.Progress, operation.Progress, operation.Retry, operation.Succeed, operation.Succeed, operation.Fail,
			operation.Extend, operation.Release, operation.Cancel, operation.Resume, operation.Abort, operation.Claim,
		}),
		At: m.now, Node: cmp.Or(r.Node, "n2"), Attempt: r.Attempt, Lease: pick(rt, "lease", delays), Took: time.Millisecond,
		Identifier: pick(rt, "identifier", names), Model: paper(rt, "model"), Callback: paper(rt, "callback"),
		Delay: pick(rt, "delay", delays), ErrorCode: "NotFound", Message: pick(rt, "message", said), By: "arn:me",
		Output: pick(rt, "output", said), Outward: []operation.Outward{{Host: pick(rt, "host", said), Status: 200}},
	}
	if o, ok := m.some(rt); ok && chance(rt, "identifier of another", 50) {
		e.Identifier = o.Identifier
	}
	n, err := operation.Apply(r, e)
	if err != nil {
		n = r // a write that changes nothing is one, too
	}
	return n
}

// change is something for the ledger, or nil.
func (m *model) change(rt *rapid.T, r operation.Request) *resource.Change {
	k := keyOf(r)
	if k.Identifier == "" || chance(rt, "other resource", 20) {
		k.Identifier = pick(rt, "changed", names[1:])
	}
	if other := m.key(rt); other.Account == k.Account && other.Region == k.Region && other.Identifier != "" && chance(rt, "one that is there", 40) {
		k = other
	}
	if chance(rt, "no change", 40) {
		return nil
	}
	is := m.ledger[k].Revision
	c := &resource.Change{
		Resource: resource.Resource{
			Key: k, TypeVersion: r.TypeVersion, Model: []byte(pick(rt, "model", papers[1:])), WriteOnly: paper(rt, "write-only"),
			Updated: m.now, Request: r.Token,
		},
		Gone:   chance(rt, "gone", 25),
		Expect: pick(rt, "expect", []int64{is, is, is, resource.AnyRevision, 0, 1}),
	}
	return c
}

// enter does c to the ledger.
func (m *model) enter(c resource.Change) {
	if c.Gone {
		delete(m.ledger, c.Key)
		return
	}
	old, ok := m.ledger[c.Key]
	is := c.Resource
	is.Revision, is.Created = old.Revision+1, old.Created
	if !ok {
		is.Created = is.Updated
	}
	m.ledger[c.Key] = is
}

// queue is the queue of a request, or one that nobody stands in.
func (m *model) queue(rt *rapid.T) store.Queue {
	if r, ok := m.some(rt); ok && chance(rt, "its queue", 90) {
		return store.QueueOf(r)
	}
	return store.Queue{Account: usual(rt, "account", accounts), Region: usual(rt, "region", regions), TypeName: usual(rt, "type", types)}
}

func (m *model) claim(rt *rapid.T) {
	c := store.Claim{Node: pick(rt, "node", []string{"n1", "n2"}), Now: m.now, Lease: pick(rt, "lease", delays)}
	due := map[store.Queue][]operation.Request{}
	for range rapid.IntRange(0, 3).Draw(rt, "shares") {
		q := m.queue(rt)
		if _, ok := due[q]; ok {
			continue
		}
		c.Shares = append(c.Shares, store.Share{Queue: q, Max: rapid.IntRange(1, 3).Draw(rt, "max")})
		due[q] = m.live(func(r operation.Request) bool { return store.QueueOf(r) == q && !r.Claimable().After(c.Now) })
	}
	got, err := m.s.Claim(rt.Context(), c)
	m.wantErr(rt, "claim", err, nil)
	taken := map[store.Queue][]operation.Request{}
	for _, r := range got {
		was, ok := m.requests[r.Token]
		if !ok || was.Status.Ended() {
			rt.Fatalf("claim: %s is not live", r.Token)
		}
		want := m.apply(rt, was, operation.Event{Kind: operation.Claim, At: c.Now, Node: c.Node, Lease: c.Lease})
		want.Revision++
		m.same(rt, "claimed", r, want)
		taken[store.QueueOf(was)] = append(taken[store.QueueOf(was)], was)
		m.put(want)
	}
	for _, share := range c.Shares { // in which order they come is not said
		slices.SortFunc(taken[share.Queue], func(a, b operation.Request) int { return a.Claimable().Compare(b.Claimable()) })
		m.longest(rt, "claim", taken[share.Queue], due[share.Queue], share.Max)
		delete(taken, share.Queue)
	}
	if len(taken) > 0 {
		rt.Fatalf("claimed of queues that were not asked for: %v", slices.Collect(maps.Keys(taken)))
	}
}

// longest checks that got are the first of due, up to max; which of those that are
// due at one time is the store's choice.
func (m *model) longest(rt *rapid.T, what string, got, due []operation.Request, max int) {
	if want := min(len(due), max); len(got) != want {
		rt.Fatalf("%s: %d requests, want %d", what, len(got), want)
	}
	seen := map[string]bool{}
	for i, r := range got {
		if !r.Claimable().Equal(due[i].Claimable()) {
			rt.Fatalf("%s: number %d is due at %v, want %v", what, i, r.Claimable(), due[i].Claimable())
		}
		if seen[r.Token] || !slices.ContainsFunc(due, func(d operation.Request) bool { return d.Token == r.Token }) {
			rt.Fatalf("%s: number %d, %s, was not to come", what, i, r.Token)
		}
		seen[r.Token] = true
	}
}

// instant is a time near which something was accepted.
func (m *model) instant(rt *rapid.T) time.Time {
	at := m.now
	if r, ok := m.some(rt); ok {
		at = r.Accepted
	}
	return at.Add(pick(rt, "off", []time.Duration{0, time.Second, -time.Second, time.Hour}))
}

func (m *model) purge(rt *rapid.T) {
	before, max := m.instant(rt), rapid.IntRange(1, 4).Draw(rt, "max")
	want := 0
	for _, token := range m.order {
		r, ok := m.requests[token]
		if !ok || !r.Expired(before) || want == max {
			continue
		}
		want++
		delete(m.requests, token)
		if c := (client{r.Account, r.Region, r.ClientToken}); m.clients[c] == token {
			delete(m.clients, c)
		}
	}
	n, err := m.s.Purge(rt.Context(), before, max)
	m.wantErr(rt, "purge", err, nil)
	if n != want {
		rt.Fatalf("purge: %d, want %d", n, want)
	}
}

// look reads something.
func (m *model) look(rt *rapid.T) {
	switch pick(rt, "look", []string{"Request", "Replay", "Requests", "Resource", "Resources", "Queues", "Waiting", "Place", "Live"}) {
	case "Request":
		if r, ok := m.some(rt); ok {
			m.request(rt, pick(rt, "account", append(accounts, r.Account)), pick(rt, "region", append(regions, r.Region)), r.Token)
		}
	case "Replay":
		m.replay(rt)
	case "Requests":
		m.list(rt)
	case "Resource":
		m.resource(rt, m.key(rt))
	case "Resources":
		m.resources(rt)
	case "Queues":
		m.queues(rt, m.queue(rt), rapid.IntRange(1, 3).Draw(rt, "max"))
	case "Waiting":
		m.waiting(rt)
	case "Place":
		m.place(rt)
	case "Live":
		m.count(rt)
	}
}

func (m *model) request(rt *rapid.T, account, region, token string) {
	got, err := m.s.Request(rt.Context(), account, region, token)
	want, ok := m.requests[token]
	if !ok || want.Account != account || want.Region != region {
		m.wantErr(rt, "request", err, store.ErrNotFound)
		return
	}
	m.wantErr(rt, "request", err, nil)
	m.same(rt, "request", got, want)
}

func (m *model) replay(rt *rapid.T) {
	c := client{usual(rt, "account", accounts), usual(rt, "region", regions), pick(rt, "client token", clients)}
	if r, ok := m.some(rt); ok && chance(rt, "known", 70) {
		c = client{r.Account, r.Region, r.ClientToken}
	}
	got, err := m.s.Replay(rt.Context(), c.account, c.region, c.token, m.now)
	want, ok := m.requests[m.clients[c]]
	if !ok || m.now.Sub(want.Accepted) >= operation.ClientTokenLife {
		m.wantErr(rt, "replay", err, store.ErrNotFound)
		return
	}
	m.wantErr(rt, "replay", err, nil)
	m.same(rt, "replay", got, want)
}

func (m *model) list(rt *rapid.T) {
	q := store.RequestQuery{
		Account: usual(rt, "account", accounts), Region: usual(rt, "region", regions), Limit: rapid.IntRange(1, 4).Draw(rt, "limit"),
		Operations: rapid.SliceOfNDistinct(rapid.SampledFrom(operation.Operations), 0, 2, rapid.ID).Draw(rt, "operations"),
		Statuses:   rapid.SliceOfNDistinct(rapid.SampledFrom(operation.Statuses), 0, 3, rapid.ID).Draw(rt, "statuses"),
	}
	if r, ok := m.some(rt); ok {
		q.Account, q.Region = r.Account, r.Region
	}
	if chance(rt, "since", 50) {
		q.EndedSince = m.instant(rt)
	}
	if len(m.order) > 0 && chance(rt, "after", 50) {
		q.After = pick(rt, "last", m.order)
	}
	m.page(rt, q)
}

func (m *model) page(rt *rapid.T, q store.RequestQuery) {
	var want []operation.Request
	for _, token := range slices.Backward(m.order) { // newest first
		r, ok := m.requests[token]
		if !ok || r.Account != q.Account || r.Region != q.Region || r.Expired(q.EndedSince) || q.After != "" && token >= q.After ||
			len(q.Operations) > 0 && !slices.Contains(q.Operations, r.Operation) || len(q.Statuses) > 0 && !slices.Contains(q.Statuses, r.Status) {
			continue
		}
		r.Input = operation.Input{}
		want = append(want, r)
	}
	page, err := m.s.Requests(rt.Context(), q)
	m.wantErr(rt, "requests", err, nil)
	if len(page.Requests) != min(len(want), q.Limit) || page.More != (len(want) > q.Limit) {
		rt.Fatalf("requests: %d, more: %v; want %d for a limit of %d", len(page.Requests), page.More, len(want), q.Limit)
	}
	for i, r := range page.Requests {
		m.same(rt, "requests", r, want[i])
	}
}

// key names a resource, most often one that is there.
func (m *model) key(rt *rapid.T) resource.Key {
	if len(m.ledger) > 0 && chance(rt, "there", 70) {
		return pick(rt, "resource", slices.SortedFunc(maps.Keys(m.ledger), byKey))
	}
	q := m.queue(rt)
	return resource.Key{Account: q.Account, Region: q.Region, TypeName: q.TypeName, Identifier: pick(rt, "identifier", names)}
}

func byKey(a, b resource.Key) int {
	return cmp.Or(
		strings.Compare(a.Account, b.Account), strings.Compare(a.Region, b.Region),
		strings.Compare(a.TypeName, b.TypeName), strings.Compare(a.Identifier, b.Identifier),
	)
}

func (m *model) resource(rt *rapid.T, k resource.Key) {
	got, err := m.s.Resource(rt.Context(), k)
	want, ok := m.ledger[k]
	if !ok {
		m.wantErr(rt, "resource", err, store.ErrNotFound)
		return
	}
	m.wantErr(rt, "resource", err, nil)
	m.equal(rt, "resource", got, want)
}

func (m *model) resources(rt *rapid.T) {
	k := m.key(rt)
	q := store.ResourceQuery{Account: k.Account, Region: k.Region, TypeName: k.TypeName, Limit: rapid.IntRange(1, 3).Draw(rt, "limit")}
	if chance(rt, "after", 50) {
		q.After = pick(rt, "last", names)
	}
	m.shelf(rt, q)
}

func (m *model) shelf(rt *rapid.T, q store.ResourceQuery) {
	var want store.ResourcePage
	for _, k := range slices.SortedFunc(maps.Keys(m.ledger), byKey) {
		switch is := m.ledger[k]; {
		case k.Account != q.Account || k.Region != q.Region || k.TypeName != q.TypeName || k.Identifier <= q.After:
		case len(want.Resources) < q.Limit:
			want.Resources = append(want.Resources, is)
		default:
			want.More = true
		}
	}
	got, err := m.s.Resources(rt.Context(), q)
	m.wantErr(rt, "resources", err, nil)
	m.equal(rt, "resources", got, want)
}

func (m *model) queues(rt *rapid.T, after store.Queue, max int) {
	scope := func(q store.Queue) string { return q.Account + "/" + q.Region }
	order := func(a, b store.Queue) int {
		return cmp.Or(strings.Compare(scope(a), scope(b)), strings.Compare(a.TypeName, b.TypeName))
	}
	var want []store.Head
	for _, r := range m.live(func(r operation.Request) bool { return order(store.QueueOf(r), after) > 0 }) {
		if !slices.ContainsFunc(want, func(h store.Head) bool { return h.Queue == store.QueueOf(r) }) { // the first is due first
			want = append(want, store.Head{Queue: store.QueueOf(r), Claimable: r.Claimable()})
		}
	}
	slices.SortFunc(want, func(a, b store.Head) int { return order(a.Queue, b.Queue) })
	got, err := m.s.Queues(rt.Context(), after, max)
	m.wantErr(rt, "queues", err, nil)
	m.equal(rt, "queues", got, want[:min(len(want), max)])
}

func (m *model) waiting(rt *rapid.T) {
	q, before, max := m.queue(rt), m.instant(rt), rapid.IntRange(1, 3).Draw(rt, "max")
	due := m.live(func(r operation.Request) bool { return store.QueueOf(r) == q && r.Claimable().Before(before) })
	got, err := m.s.Waiting(rt.Context(), q, before, max)
	m.wantErr(rt, "waiting", err, nil)
	m.longest(rt, "waiting", got, due, max)
	for _, r := range got {
		m.same(rt, "waiting", r, m.requests[r.Token])
	}
}

func (m *model) place(rt *rapid.T) {
	r, ok := m.some(rt)
	if !ok {
		return
	}
	max := rapid.IntRange(1, 4).Draw(rt, "max")
	want := m.live(func(o operation.Request) bool {
		return store.QueueOf(o) == store.QueueOf(r) && o.Claimable().Before(r.Claimable())
	})
	got, err := m.s.Place(rt.Context(), r, max)
	m.wantErr(rt, "place", err, nil)
	if got != min(len(want), max) {
		rt.Fatalf("place: %d, want %d up to %d", got, len(want), max)
	}
}

func (m *model) count(rt *rapid.T) {
	want := map[operation.Status]int{}
	for _, r := range m.live(func(operation.Request) bool { return true }) {
		want[r.Status]++
	}
	got, err := m.s.Live(rt.Context())
	m.wantErr(rt, "live", err, nil)
	m.equal(rt, "live", got, want)
}

// compare reads everything that is there or was.
func (m *model) compare(rt *rapid.T) {
	for _, token := range m.order {
		m.request(rt, account, region, token)
		if r, ok := m.requests[token]; ok {
			m.request(rt, r.Account, r.Region, token)
		}
	}
	for _, a := range accounts {
		for _, r := range regions {
			m.page(rt, store.RequestQuery{Account: a, Region: r, Limit: 1000})
			for _, typeName := range types {
				m.shelf(rt, store.ResourceQuery{Account: a, Region: r, TypeName: typeName, Limit: 1000})
			}
		}
	}
	for k := range m.ledger {
		m.resource(rt, k)
	}
	m.queues(rt, store.Queue{}, 1000)
	m.count(rt)
}

func (m *model) wantErr(rt *rapid.T, what string, got, want error) {
	if !errors.Is(got, want) || (got == nil) != (want == nil) {
		rt.Fatalf("%s: %v, want %v", what, got, want)
	}
}

func (m *model) equal(rt *rapid.T, what string, got, want any) {
	if reflect.DeepEqual(got, want) {
		return
	}
	if diff := gocmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		rt.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}

// same compares a request. What a request keeps of a client token that now stands for
// another is not said.
func (m *model) same(rt *rapid.T, what string, got, want operation.Request) {
	if m.forgotten[want.Token] {
		got.ClientToken = want.ClientToken
	}
	m.equal(rt, what, got, want)
	for _, at := range []time.Time{got.Accepted, got.EventTime, got.Deadline, got.DueAt, got.LeaseUntil} {
		if at.Location() != time.UTC {
			rt.Fatalf("%s: a time in %v", what, at.Location())
		}
	}
}
