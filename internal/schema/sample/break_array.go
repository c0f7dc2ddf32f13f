package sample

import (
	"fmt"
	"slices"

	"example.org/groundcontrol/internal/schema"
)

func (b *breaker) arrayWays(sp *spot, p schema.Property, list []any) []way {
	few, many, twins := way{keyword: "minItems"}, way{keyword: "maxItems"}, way{keyword: "uniqueItems"}
	if least := p.MinItems; least != nil && *least > 0 && len(list) >= *least {
		n := *least - 1
		text := fmt.Sprintf("expected minimum item count: %d, found: %d", *least, n)
		few.attempts = []attempt{{list[:n:n], text}, {list[len(list)-n:], text}}
	}
	if most := p.MaxItems; most != nil && *most < farArray {
		if more, ok := b.lengthened(sp, list, *most+1); ok {
			many.attempts = []attempt{{more, fmt.Sprintf("expected maximum item count: %d, found: %d", *most, *most+1)}}
		}
	}
	if n := len(list); p.UniqueItems && n > 0 {
		const text = "array items are not unique"
		if n > 1 {
			twins.attempts = append(twins.attempts, attempt{append(slices.Clone(list[:n-1]), list[0]), text})
		}
		twins.attempts = append(twins.attempts, attempt{append(slices.Clone(list), list[0]), text})
	}
	return []way{few, many, twins}
}

// lengthened returns the array with more elements, which are as the schema wants them where such can be made.
func (b *breaker) lengthened(sp *spot, list []any, n int) ([]any, bool) {
	sh := sp.shape()
	_, _, unique := lengths(sh.parts)
	list = slices.Clone(list)
	for len(list) < n {
		b.values, b.room = maxValues, 0
		v, bad := b.element(sh, list, unique)
		switch {
		case bad == nil:
			list = append(list, v)
		case len(list) > 0:
			list = append(list, list[0])
		default:
			return nil, false
		}
	}
	return list, true
}
