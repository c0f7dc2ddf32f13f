package sample

import (
	"encoding/json"
	"math/big"

	"example.org/groundcontrol/internal/schema"
)

// numberRules are what a number has to satisfy; nil where nothing is said.
type numberRules struct {
	low, high    *big.Rat
	above, below bool // low and high themselves are out
	step         *big.Rat
}

func numberRulesOf(parts []schema.Property) (r numberRules) {
	for _, p := range parts {
		r.raise(rational(p.Minimum), false)
		r.raise(rational(p.ExclusiveMinimum), true)
		r.lower(rational(p.Maximum), false)
		r.lower(rational(p.ExclusiveMaximum), true)
		if step := rational(p.MultipleOf); step != nil {
			r.step = step
		}
	}
	return r
}

func (r *numberRules) raise(low *big.Rat, above bool) {
	if low == nil || r.low != nil && (low.Cmp(r.low) < 0 || low.Cmp(r.low) == 0 && r.above) {
		return
	}
	r.low, r.above = low, above
}

func (r *numberRules) lower(high *big.Rat, below bool) {
	if high == nil || r.high != nil && (high.Cmp(r.high) > 0 || high.Cmp(r.high) == 0 && r.below) {
		return
	}
	r.high, r.below = high, below
}

// number makes a number: in a least state the one nearest to 0, else one within a thousand steps of a bound.
func (m *maker) number(sh *shape, whole bool) (any, *unmade) {
	r := numberRulesOf(sh.parts)
	for _, step := range m.steps(r.step, whole) {
		first, last, ok := r.multiples(step)
		if !ok {
			continue
		}
		n := m.pick(first, last)
		return decimal(new(big.Rat).Mul(step, new(big.Rat).SetInt(n))), nil
	}
	return nil, &unmade{sh.at}
}

// steps are what the number may be a multiple of, the likeliest first.
func (m *maker) steps(wanted *big.Rat, whole bool) (steps []*big.Rat) {
	switch {
	case wanted != nil && whole:
		return []*big.Rat{new(big.Rat).SetInt(wanted.Num())} // the least whole multiple
	case wanted != nil:
		return []*big.Rat{wanted}
	case whole:
		return []*big.Rat{big.NewRat(1, 1)}
	}
	for _, parts := range []int64{1, 2, 4, 10, 100, 1000, 1000000} {
		steps = append(steps, big.NewRat(1, parts))
	}
	if !m.plain() {
		shuffle(m.rnd, steps[:3])
	}
	return steps
}

// multiples are the first and last multiple of step that are allowed, nil where there is no bound.
func (r *numberRules) multiples(step *big.Rat) (first, last *big.Int, ok bool) {
	if r.low != nil {
		n, exact := floor(new(big.Rat).Quo(r.low, step))
		if !exact || r.above {
			n.Add(n, big.NewInt(1))
		}
		first = n
	}
	if r.high != nil {
		n, exact := floor(new(big.Rat).Quo(r.high, step))
		if exact && r.below {
			n.Sub(n, big.NewInt(1))
		}
		last = n
	}
	return first, last, first == nil || last == nil || first.Cmp(last) <= 0
}

func floor(r *big.Rat) (n *big.Int, exact bool) {
	return new(big.Int).Div(r.Num(), r.Denom()), r.IsInt() // Div rounds down, as denominators are positive
}

// pick picks a number: in a least state the one nearest to 0.
func (m *maker) pick(first, last *big.Int) *big.Int {
	switch {
	case !m.plain():
		return m.between(first, last)
	case first != nil && first.Sign() > 0:
		return first
	case last != nil && last.Sign() < 0:
		return last
	}
	return new(big.Int)
}

// between picks a number by chance: not far above the first, or below the last where there is no first.
func (m *maker) between(first, last *big.Int) *big.Int {
	const far = 1000
	n := new(big.Int)
	switch {
	case first != nil:
		n.Set(first)
	case last != nil && last.Sign() < 0:
		n.Sub(last, big.NewInt(far))
	}
	room := big.NewInt(far)
	if last != nil {
		if left := new(big.Int).Sub(last, n); left.Cmp(room) < 0 {
			room = left
		}
	}
	return n.Add(n, big.NewInt(m.rnd.Int64N(room.Int64()+1)))
}

func rational(n *json.Number) *big.Rat {
	if n == nil {
		return nil
	}
	r, _ := new(big.Rat).SetString(string(*n))
	return r
}

// decimal writes a number without exponent; it must not be one that goes on for ever.
func decimal(r *big.Rat) json.Number {
	digits, _ := r.FloatPrec()
	return json.Number(r.FloatString(digits))
}
