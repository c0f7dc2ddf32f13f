package sample

import (
	"encoding/json"
	"math/big"
	"slices"

	"example.org/groundcontrol/internal/schema"
)

// numberWays breaks the bounds with numbers at or beyond them, nearest first.
func numberWays(p schema.Property, v json.Number) (ways []way) {
	try := func(keyword string, wrong func(*big.Rat) bool, numbers ...*big.Rat) {
		w := way{keyword: keyword}
		for _, n := range numbers {
			if wrong(n) && (n.IsInt() || !wantsInteger(p)) {
				w.attempts = append(w.attempts, attempt{decimal(n), scrubbed(keyword)})
			}
		}
		ways = append(ways, w)
	}
	if low := rational(p.Minimum); low != nil {
		try("minimum", func(n *big.Rat) bool { return n.Cmp(low) < 0 }, near(low, -1)...)
	}
	if low := rational(p.ExclusiveMinimum); low != nil {
		try("exclusiveMinimum", func(n *big.Rat) bool { return n.Cmp(low) <= 0 }, near(low, -1)...)
	}
	if high := rational(p.Maximum); high != nil {
		try("maximum", func(n *big.Rat) bool { return n.Cmp(high) > 0 }, near(high, 1)...)
	}
	if high := rational(p.ExclusiveMaximum); high != nil {
		try("exclusiveMaximum", func(n *big.Rat) bool { return n.Cmp(high) >= 0 }, near(high, 1)...)
	}
	if step := rational(p.MultipleOf); step != nil {
		n := rational(&v)
		try("multipleOf", func(n *big.Rat) bool { return !new(big.Rat).Quo(n, step).IsInt() },
			plus(n, big.NewRat(1, 1)), plus(n, big.NewRat(-1, 1)), plus(n, new(big.Rat).Quo(step, big.NewRat(2, 1))))
	}
	return ways
}

// wantsInteger tells whether the validator looks at the bounds of integers only: for what has the wrong type it has one
// line, that of the type.
func wantsInteger(p schema.Property) bool {
	types := p.DeclaredTypes()
	return slices.Contains(types, "integer") && !slices.Contains(types, "number")
}

// near are a bound and numbers beyond it on one side, whole ones first.
func near(bound *big.Rat, side int64) []*big.Rat {
	n, _ := floor(bound)
	whole := new(big.Rat).SetInt(n)
	return []*big.Rat{bound, whole, plus(whole, big.NewRat(side, 1)), plus(bound, big.NewRat(side, 1)), plus(bound, big.NewRat(side, 2))}
}

func plus(a, b *big.Rat) *big.Rat { return new(big.Rat).Add(a, b) }
