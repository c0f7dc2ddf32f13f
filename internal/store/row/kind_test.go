package row

import (
	"slices"
	"testing"
	"time"

	"example.org/groundcontrol/internal/operation"
)

func TestKindsNeverChange(t *testing.T) {
	want := map[operation.Status]int{
		operation.Pending: 0, operation.InProgress: 4, operation.CancelInProgress: 8,
		operation.Success: 12, operation.Failed: 16, operation.CancelComplete: 20,
	}
	for _, s := range operation.Statuses {
		for i, o := range []operation.Operation{operation.Create, operation.Update, operation.Delete} {
			if got := Kind(s, o); got != want[s]+i {
				t.Errorf("%s %s: %d, want %d", o, s, got, want[s]+i)
			}
			if gs, gotOp := FromKind(want[s] + i); gs != s || gotOp != o {
				t.Errorf("%d: %s %s", want[s]+i, gs, gotOp)
			}
		}
	}
	if s, o := FromKind(99); s != "" || o != "" {
		t.Errorf("99: %q %q", s, o)
	}
}

func TestKindsOfAFilter(t *testing.T) {
	if got := Kinds(nil, nil); len(got) != 18 {
		t.Errorf("without a filter: %v", got)
	}
	got := Kinds([]operation.Status{operation.Failed, operation.Pending, operation.Failed}, []operation.Operation{operation.Delete})
	if want := []int{2, 18}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestTimesAndScopesComeBack(t *testing.T) {
	for _, at := range []time.Time{{}, time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), time.Unix(0, -1).UTC()} {
		if got := Instant(Nanos(at)); !got.Equal(at) || got.Location() != time.UTC {
			t.Errorf("%v, want %v", got, at)
		}
	}
	if account, region := SplitScope(Scope("1", "us/east")); account != "1" || region != "us/east" {
		t.Errorf("%s, %s", account, region)
	}
	if _, err := Token("no token"); err == nil {
		t.Error("a token that is none")
	}
}
