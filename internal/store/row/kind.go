package row

import (
	"slices"

	"example.org/groundcontrol/internal/operation"
)

// A kind is 4 × status + operation. The numbers are written in databases:
// they may grow, and never change.
var (
	statusNumber    = map[operation.Status]int{operation.Pending: 0, operation.InProgress: 1, operation.CancelInProgress: 2, operation.Success: 3, operation.Failed: 4, operation.CancelComplete: 5}
	operationNumber = map[operation.Operation]int{operation.Create: 0, operation.Update: 1, operation.Delete: 2}
)

// Kind is the number of a request's status and operation.
func Kind(s operation.Status, o operation.Operation) int {
	return 4*statusNumber[s] + operationNumber[o]
}

// FromKind is the inverse of Kind; it gives "" for numbers that are none.
func FromKind(kind int) (s operation.Status, o operation.Operation) {
	for status, n := range statusNumber {
		if n == kind/4 {
			s = status
		}
	}
	for op, n := range operationNumber {
		if n == kind%4 {
			o = op
		}
	}
	return s, o
}

// Kinds lists the kinds that a filter lets through; empty lists let everything through.
func Kinds(statuses []operation.Status, operations []operation.Operation) []int {
	if len(statuses) == 0 {
		statuses = operation.Statuses
	}
	if len(operations) == 0 {
		operations = operation.Operations
	}
	var all []int
	for _, s := range statuses {
		for _, o := range operations {
			all = append(all, Kind(s, o))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
