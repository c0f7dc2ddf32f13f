package postgres

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/store/row"
	"example.org/groundcontrol/internal/testpg"
)

// TestAListByKindReadsNothingElse plans while there is nothing, as a node does that starts
// with the day, and then looks for what is rare.
func TestAListByKindReadsNothingElse(t *testing.T) {
	url := testpg.Database(t)
	s, err := Open(t.Context(), url, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // of a test
	kinds := row.Kinds([]operation.Status{operation.Success}, []operation.Operation{operation.Create})
	failed := row.Kinds([]operation.Status{operation.Failed}, nil)
	c, err := s.readers.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Release()
	execute := fmt.Sprintf(`EXECUTE list ('1/r',
		'ffffffff-ffff-ffff-ffff-ffffffffffff', 21, '{}', '00000000-0000-0000-0000-000000000000', '{%s}')`,
		strings.Trim(strings.ReplaceAll(fmt.Sprint(failed), " ", ","), "[]"))
	for _, sql := range []string{
		`PREPARE list (text, uuid, int, smallint[], uuid, smallint[]) AS ` + listKinds, execute,
		fmt.Sprintf(`INSERT INTO done (token, scope, kind, revision, type, identifier, body)
			SELECT (lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') || lpad(to_hex(n), 20, '0'))::uuid, '1/r', %d, 1, 'A::B::C', n::text, ''
			FROM generate_series(1, 20000) AS n`, kinds[0]),
	} {
		if _, err := c.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := c.Query(t.Context(), `EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) `+execute, pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	plan := strings.Join(lines, "\n")
	if strings.Contains(plan, "Rows Removed by Filter") || strings.Contains(plan, "Sort Key") && strings.Contains(plan, "rows=20000") {
		t.Errorf("the list reads what it does not want:\n%s", plan)
	}
}
