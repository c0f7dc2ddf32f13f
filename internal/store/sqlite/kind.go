package sqlite

import (
	"slices"

	"example.org/groundcontrol/internal/operation"
)

// The column kind is 4 × status + operation. The numbers are written in databases:
// they may grow, and never change.
var (
	statusNumber    = map[operation.Status]int{operation.Pending: 0, operation.InProgress: 1, operation.CancelInProgress: 2, operation.Success: 3, operation.Failed: 4, operation.CancelComplete: 5}
	operationNumber = map[operation.Operation]int{operation.Create: 0, operation.Update: 1, operation.Delete: 2}
)

func kindOf(s operation.Status, o operation.Operation) int {
	return 4*statusNumber[s] + operationNumber[o]
}

// fromKind is the inverse of kindOf; it gives "" for numbers that are none.
func fromKind(kind int) (s operation.Status, o operation.Operation) {
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

// kinds lists the kinds that a filter lets through; empty lists let everything through.
func kinds(statuses []operation.Status, operations []operation.Operation) []int {
	if len(statuses) == 0 {
		statuses = operation.Statuses
	}
	if len(operations) == 0 {
		operations = operation.Operations
	}
	var all []int
	for _, s := range statuses {
		for _, o := range operations {
			all = append(all, kindOf(s, o))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
