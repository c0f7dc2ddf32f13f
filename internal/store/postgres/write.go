package postgres

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/resource"
	"example.org/groundcontrol/internal/store"
	"example.org/groundcontrol/internal/store/row"
)

// Accept implements store.Requests.
func (s *Store) Accept(ctx context.Context, r operation.Request) (operation.Request, error) {
	r.Revision = 1
	// What stood in the way may be gone when we look for it. It takes bad luck to meet that
	// twice; the bound is for the case that we are wrong.
	var outlived string // the request whose client token r takes over
	began := time.Now()
	for try := 0; try < 20 && time.Since(began) < patience; try++ {
		j, err := newJob(r, nil, true)
		if err == nil && outlived != "" {
			j.forget, err = row.Token(outlived)
		}
		if err == nil {
			err = s.queue.do(ctx, j)
		}
		if !errors.Is(err, errRefused) {
			return r, wrap("accept", err)
		}
		var old operation.Request
		if old, outlived, err = s.inTheWay(ctx, r); err != nil || old.Token != "" {
			return old, wrap("accept", err)
		}
	}
	return r, wrap("accept", errors.New("nothing stands in the way of "+r.Token+", yet it cannot be inserted"))
}

// inTheWay returns the request that stands in the way of r and why, or the zero
// request: the client token first, then the lock. outlived is the token of the last
// request that had r's client token, where that stands for it no more.
func (s *Store) inTheWay(ctx context.Context, r operation.Request) (old operation.Request, outlived string, err error) {
	scope := row.Scope(r.Account, r.Region)
	if r.ClientToken != "" {
		old, err = s.one(ctx, byClientToken, scope, r.ClientToken, oldest(r.Accepted.Add(-operation.ClientTokenLife)))
		switch {
		case errors.Is(err, pgx.ErrNoRows):
		case err != nil:
			return old, "", err
		case !stands(old, r.Accepted):
			outlived = old.Token
		case !bytes.Equal(old.InputHash, r.InputHash):
			return old, "", store.ErrTokenConflict
		default:
			return old, "", nil
		}
	}
	if r.Identifier == "" {
		return operation.Request{}, outlived, nil
	}
	old, err = s.one(ctx, `SELECT `+liveColumns+` FROM live WHERE scope = $1 AND lock = $2`, scope, lockOf(r))
	if errors.Is(err, pgx.ErrNoRows) {
		return operation.Request{}, outlived, nil
	}
	if err != nil {
		return old, "", err
	}
	return old, "", store.ErrBusy
}

// stands reports whether r's client token stands for r at time now.
func stands(r operation.Request, now time.Time) bool {
	return now.Sub(r.Accepted) < operation.ClientTokenLife
}

// Save implements store.Requests.
func (s *Store) Save(ctx context.Context, r operation.Request, change *resource.Change) (operation.Request, error) {
	j, err := newJob(r, change, false)
	if err == nil {
		err = s.queue.do(ctx, j)
	}
	if err != nil {
		return r, wrap("save", err)
	}
	r.Revision++
	return r, nil
}

// Among those that are due at one time the index has no order, and a sort would read
// the whole queue.
var due = prepared("due", `SELECT `+liveColumns+`
	FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[]) AS share (in_scope, of_type, before, max)
	CROSS JOIN LATERAL (SELECT * FROM live l WHERE l.scope = in_scope AND l.type = of_type AND l.claimable < before
		ORDER BY l.claimable LIMIT max FOR UPDATE SKIP LOCKED) AS l`)

// Claim implements store.Work. It waits for no other node: what another transaction
// has in hand is skipped.
func (s *Store) Claim(ctx context.Context, c store.Claim) ([]operation.Request, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var on *session
	select {
	case on = <-s.claims:
		defer func() { s.claims <- on }()
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-s.closing.Done():
		return nil, errClosed
	case <-time.After(patience):
		return nil, wrap("claim", errWaited)
	}
	// Not cut short by the caller's: he is to know what he has claimed.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	for try := 0; ; try++ {
		claimed, committing, err := s.claim(ctx, on, c)
		again := broken(err) && !committing || code(err) == "40001" || code(err) == "40P01"
		if !again || try == 2 || ctx.Err() != nil {
			return claimed, wrap("claim", late(err))
		}
	}
}

func (s *Store) claim(ctx context.Context, on *session, c store.Claim) (claimed []operation.Request, committing bool, err error) {
	shares := newTable(typeText, typeText, typeInt8, typeInt8)
	for _, share := range c.Shares {
		shares.text(row.Scope(share.Account, share.Region))
		shares.text(share.TypeName)
		shares.int8(row.Nanos(c.Now) + 1)
		shares.int8(int64(share.Max))
	}
	if shares.n == 0 {
		return nil, false, nil
	}
	var jobs []*job
	committing, err = on.transact(ctx, func(p *pipeline) error {
		p.rows(due, shares, func(values [][]byte) error {
			r, err := readRow(values)
			if err != nil {
				return err
			}
			n, err := operation.Apply(r, operation.Event{Kind: operation.Claim, At: c.Now, Node: c.Node, Lease: c.Lease})
			if err != nil {
				return err // the column says claimable, the request says no
			}
			j, err := newJob(n, nil, false)
			jobs = append(jobs, j)
			return err
		})
		if err := p.sync(); err != nil {
			return err
		}
		saves := newSaves()
		for _, j := range jobs {
			saves.add(j)
		}
		saves.send(p)
		return nil
	})
	if err != nil {
		return nil, committing, err
	}
	for _, j := range jobs {
		j.request.Revision++
		claimed = append(claimed, j.request)
		s.hints.wrote(j.token, false)
	}
	return claimed, true, nil
}
