package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"example.org/groundcontrol/internal/operation"
)

// slice is a partition of done: the requests accepted from one time until another. Its
// name says which; tokens start with the time of acceptance.
type slice struct {
	from, until time.Time
}

const sliceTime = "20060102150405"

func (s slice) name() string {
	return "done_" + s.from.UTC().Format(sliceTime) + "_" + s.until.UTC().Format(sliceTime)
}

// parseSlice is the inverse of name; false for a table that is no slice, as the one that
// takes what no slice covers.
func parseSlice(name string) (s slice, ok bool) {
	parts := strings.Split(name, "_")
	if len(parts) != 3 || parts[0] != "done" {
		return s, false
	}
	var err, err2 error
	s.from, err = time.Parse(sliceTime, parts[1])
	s.until, err2 = time.Parse(sliceTime, parts[2])
	return s, err == nil && err2 == nil
}

// missing lists the slices that are to be made so that there is one for each time from
// now on, for two widths ahead. There may be slices of other widths.
func missing(have []slice, now time.Time, width time.Duration) (all []slice) {
	width = max(width.Truncate(time.Second), time.Second)
	for t := now.UTC(); !t.After(now.Add(2 * width)); {
		if i := slices.IndexFunc(have, func(s slice) bool { return !t.Before(s.from) && t.Before(s.until) }); i >= 0 {
			t = have[i].until
			continue
		}
		s := slice{t.Truncate(width), t.Truncate(width).Add(width)}
		for _, o := range have {
			if o.until.After(s.from) && !o.until.After(t) {
				s.from = o.until
			}
			if o.from.After(t) && o.from.Before(s.until) {
				s.until = o.from
			}
		}
		all = append(all, s)
		t = s.until
	}
	return all
}

// covered remembers until when there are slices.
type covered struct {
	mu    sync.Mutex
	until time.Time
}

// existing lists the slices, oldest first, and how many requests each holds as the
// database last counted, -1 where it has not.
func (s *Store) existing(ctx context.Context) (all []slice, sizes map[slice]int, err error) {
	sizes = map[slice]int{}
	err = s.read(ctx, func(ctx context.Context) error {
		rows, err := s.readers.Query(ctx, `SELECT c.relname, c.reltuples::bigint FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
			WHERE i.inhparent = 'done'::regclass`)
		if err != nil {
			return err
		}
		all = nil
		var name string
		var n int
		_, err = pgx.ForEachRow(rows, []any{&name, &n}, func() error {
			if one, ok := parseSlice(name); ok {
				all = append(all, one)
				sizes[one] = n
			}
			return nil
		})
		return err
	})
	slices.SortFunc(all, func(a, b slice) int { return a.from.Compare(b.from) })
	return all, sizes, err
}

// prepareSlices makes the slices of the near future. Where that fails now, requests
// go to the table that takes the rest, until it works.
func (s *Store) prepareSlices(ctx context.Context) error {
	s.covered.mu.Lock()
	defer s.covered.mu.Unlock()
	now := s.Now()
	if s.covered.until.After(now.Add(s.Slice)) {
		return nil
	}
	have, _, err := s.existing(ctx)
	if err != nil {
		return err
	}
	for _, one := range missing(have, now, s.Slice) {
		first, last := operation.FirstToken(one.from), operation.FirstToken(one.until)
		err := s.change(ctx, `CREATE TABLE `+one.name()+` (LIKE done INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES)`,
			// This looks through the table that takes the rest, which is empty or nearly so, and
			// keeps writers waiting so long. CREATE TABLE … PARTITION OF would lock all of done.
			`ALTER TABLE done ATTACH PARTITION `+one.name()+` FOR VALUES FROM ('`+operation.FormatToken(first)+
				`') TO ('`+operation.FormatToken(last)+`')`)
		switch {
		case err == nil:
		case raced(err) || code(err) == "42P17": // another node was quicker
		case code(err) == "23514": // the rest holds requests of that time
			s.Log.Warn("requests of a slice of time are stored outside of it", "slice", one.name())
		default:
			return err
		}
	}
	s.covered.until = now.Add(2 * s.Slice)
	return nil
}

// change runs statements that change tables in one transaction. It waits a moment only
// for those who use the tables, since all others wait behind it.
func (s *Store) change(ctx context.Context, statements ...string) error {
	return s.read(ctx, func(ctx context.Context) error { // a second time does no harm
		return pgx.BeginFunc(ctx, s.readers, func(tx pgx.Tx) error {
			for _, sql := range append([]string{`SET LOCAL lock_timeout = '100ms'`}, statements...) {
				if _, err := tx.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// Purge implements store.Store. It drops the slices that are older than before as a whole,
// and deletes one by one what lies outside of slices. Of a slice that the database has
// never counted, or that is large, the number returned is its estimate. It also makes the
// slices of the near future.
func (s *Store) Purge(ctx context.Context, before time.Time, max int) (int, error) {
	if err := s.prepareSlices(ctx); err != nil {
		return 0, wrap("purge: prepare slices", err)
	}
	have, sizes, err := s.existing(ctx)
	if err != nil {
		return 0, wrap("purge", err)
	}
	total := 0
	for _, one := range have {
		if one.until.After(before) {
			continue
		}
		n := sizes[one]
		if n <= 0 {
			// A small one, or one that was filled just now.
			err := s.read(ctx, func(ctx context.Context) error {
				return s.readers.QueryRow(ctx, `SELECT count(*) FROM (SELECT 1 FROM `+one.name()+` LIMIT 100000) AS counted`).Scan(&n)
			})
			if code(err) == "42P01" {
				continue // another node was quicker
			}
			if err != nil {
				return total, wrap("purge", err)
			}
		}
		err := s.change(ctx,
			// Of those who use a slice only vacuum takes long. To drop it locks all of done first:
			// better not to begin than to wait with that for vacuum.
			`LOCK TABLE `+one.name()+` IN SHARE UPDATE EXCLUSIVE MODE NOWAIT`,
			`DROP TABLE `+one.name())
		switch {
		case err == nil:
			total += n
		case code(err) == "42P01":
		case raced(err): // somebody uses it: the next call will see
			s.Log.Info("an old slice of requests is in use", "slice", one.name())
		default:
			return total, wrap("purge", fmt.Errorf("drop %s: %w", one.name(), err))
		}
	}
	var n int64
	first := operation.FirstToken(before)
	err = s.read(ctx, func(ctx context.Context) error {
		tag, err := s.readers.Exec(ctx, `DELETE FROM done_default WHERE (scope, token) IN (
			SELECT scope, token FROM done_default WHERE token < $1 ORDER BY token LIMIT $2 FOR UPDATE SKIP LOCKED)`, first, max)
		n = tag.RowsAffected()
		return err
	})
	return total + int(n), wrap("purge", err)
}
