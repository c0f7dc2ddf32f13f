package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
)

// stmt is a prepared statement of the writer's connection. The writer owns that
// connection and runs some hundred thousand statements a second on it: what package
// sql does for each (a pool, locks, conversions) would cost as much as the statement.
// A stmt is for one goroutine at a time.
type stmt struct {
	driver.Stmt
	exec  driver.StmtExecContext
	query driver.StmtQueryContext
	args  []driver.NamedValue // reused
}

// connect takes one connection out of db for good and hands it to use. It returns
// when use does.
func connect(ctx context.Context, db *sql.DB, use func(driver.ConnPrepareContext) error) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	return errors.Join(conn.Raw(func(c any) error {
		prepares, ok := c.(driver.ConnPrepareContext)
		if !ok {
			return fmt.Errorf("the driver's %T prepares no statements", c)
		}
		return use(prepares)
	}), conn.Close())
}

func prepareOn(c driver.ConnPrepareContext, text string) (*stmt, error) {
	p, err := c.PrepareContext(context.Background(), text)
	if err != nil {
		return nil, fmt.Errorf("%w in %s", err, text)
	}
	exec, ok := p.(driver.StmtExecContext)
	query, ok2 := p.(driver.StmtQueryContext)
	if !ok || !ok2 {
		return nil, fmt.Errorf("the driver's %T takes no contexts", p)
	}
	return &stmt{Stmt: p, exec: exec, query: query}, nil
}

func (s *stmt) bind(values []driver.Value) []driver.NamedValue {
	s.args = s.args[:0]
	for i, v := range values {
		s.args = append(s.args, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	return s.args
}

// run executes the statement and returns how many rows it changed.
func (s *stmt) run(values ...driver.Value) (int64, error) {
	// No context: a statement of the writer is never cut short.
	res, err := s.exec.ExecContext(context.Background(), s.bind(values))
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// each calls f for each row; what the row holds is f's to keep.
func (s *stmt) each(f func(tuple) error, values ...driver.Value) (err error) {
	rows, err := s.query.QueryContext(context.Background(), s.bind(values))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for {
		r := make(tuple, len(rows.Columns()))
		switch err := rows.Next(r); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := f(r); err != nil {
			return err
		}
	}
}

// tuple is one row of a result; it scans as *sql.Rows does.
type tuple []driver.Value

// Scan copies the columns into dest. NULL leaves nil, an empty text or 0.
func (r tuple) Scan(dest ...any) error {
	if len(dest) != len(r) {
		return fmt.Errorf("%d columns into %d places", len(r), len(dest))
	}
	for i, v := range r {
		switch d := dest[i].(type) {
		case *[]byte:
			*d, _ = v.([]byte)
		case *string:
			*d, _ = v.(string)
		case **string:
			*d = nil
			if text, ok := v.(string); ok {
				*d = &text
			}
		case *int:
			n, _ := v.(int64)
			*d = int(n)
		case *int64:
			*d, _ = v.(int64)
		default:
			return fmt.Errorf("column %d: no way to scan into a %T", i, d)
		}
	}
	return nil
}
