package schema

import (
	"slices"
	"strconv"
)

var typeNames = []string{"string", "integer", "number", "boolean", "null", "array", "object"}

// keyword reads one keyword of draft-07 into n. What is neither that nor of CloudFormation's is kept in Raw and ignored.
func (b *builder) keyword(n *node, key string, v any) {
	switch key {
	case "type":
		b.types(n, v)
	case "enum":
		list, ok := v.([]any)
		if !ok {
			b.problem("expected type: JSONArray, found: %s", className(plain(v)))
			return
		}
		n.enum, n.hasEnum = plain(list).([]any), true
	case "const":
		n.constant, n.hasConst = plain(v), true
	case "default":
		n.def, n.hasDef = plain(v), true
	case "insertionOrder":
		n.unordered = !b.bool(v)
	case "allOf":
		n.allOf = b.schemas(v)
	case "anyOf":
		n.anyOf = b.schemas(v)
	case "oneOf":
		n.oneOf = b.schemas(v)
	case "not":
		n.not, n.notText = b.schema(v), string(Encode(plain(v)))
	case "if":
		n.test = b.schema(v)
	case "then":
		n.then = b.schema(v)
	case "else":
		n.other = b.schema(v)
	case "properties", "required", "propertyNames", "minProperties", "maxProperties", "dependencies",
		"additionalProperties", "patternProperties":
		if n.object == nil {
			n.object = &objectRules{}
		}
		b.objectKeyword(n.object, key, v)
	case "items", "additionalItems", "minItems", "maxItems", "uniqueItems", "contains":
		if n.array == nil {
			n.array = &arrayRules{}
		}
		b.arrayKeyword(n.array, key, v)
	case "minLength", "maxLength", "pattern", "format":
		if n.text == nil {
			n.text = &textRules{}
		}
		b.textKeyword(n.text, key, v)
	case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf":
		if n.number == nil {
			n.number = &numberRules{}
		}
		b.numberKeyword(n.number, key, v)
	}
}

func (b *builder) types(n *node, v any) {
	if list, ok := v.([]any); ok {
		n.typeList = true
		n.types = b.strings(list)
	} else {
		n.types = []string{b.string(v)}
	}
	for _, t := range n.types {
		if !slices.Contains(typeNames, t) {
			b.problem("unknown type: [%s]", t)
		}
	}
}

func (b *builder) objectKeyword(o *objectRules, key string, v any) {
	switch key {
	case "required":
		o.required = b.strings(v)
	case "propertyNames":
		o.names = b.schema(v)
	case "minProperties":
		o.min = b.count(v)
	case "maxProperties":
		o.max = b.count(v)
	case "properties":
		o.index = map[string]*node{}
		b.each(v, func(name string, v any) {
			if n := b.schema(v); n != nil {
				o.properties = append(o.properties, property{name, n})
				o.index[name] = n
			}
		})
	case "additionalProperties":
		if allowed, ok := v.(bool); ok {
			o.closed = !allowed
		} else {
			o.additional = b.schema(v)
		}
	case "patternProperties":
		b.each(v, func(name string, v any) {
			n := b.schema(v)
			if p := b.regex(name); p != nil && n != nil {
				o.patterns = append(o.patterns, patternProperty{p, n})
			} else if p == nil {
				// Which names it would take is unknown, so none can be called extraneous either.
				o.patterns = append(o.patterns, patternProperty{anything, &node{}})
			}
		})
	case "dependencies":
		b.each(v, func(name string, v any) {
			d := dependency{on: name}
			if _, ok := v.([]any); ok {
				d.keys = b.strings(v)
			} else if d.node = b.schema(v); d.node == nil {
				return
			}
			o.dependencies = append(o.dependencies, d)
		})
	}
}

func (b *builder) arrayKeyword(a *arrayRules, key string, v any) {
	switch key {
	case "minItems":
		a.min = b.count(v)
	case "maxItems":
		a.max = b.count(v)
	case "uniqueItems":
		a.unique = b.bool(v)
	case "contains":
		a.contains = b.schema(v)
	case "items":
		list, ok := v.([]any)
		if !ok {
			a.items = b.schema(v)
			return
		}
		a.isTuple = true
		for i, e := range list {
			b.in(strconv.Itoa(i), func() {
				if n := b.schema(e); n != nil {
					a.tuple = append(a.tuple, n)
				}
			})
		}
	case "additionalItems":
		if allowed, ok := v.(bool); ok {
			a.closed = !allowed
		} else {
			a.additional = b.schema(v)
		}
	}
}

func (b *builder) textKeyword(t *textRules, key string, v any) {
	switch key {
	case "minLength":
		t.min = b.count(v)
	case "maxLength":
		t.max = b.count(v)
	case "format":
		t.format = b.string(v)
	case "pattern":
		t.source = b.string(v)
		t.pattern = b.regex(t.source)
	}
}

func (b *builder) numberKeyword(r *numberRules, key string, v any) {
	if _, old := v.(bool); old { // draft-04 wrote exclusiveMinimum: true
		b.warn("expected type: Number, found: Boolean")
		return
	}
	n := b.decimal(v)
	switch key {
	case "minimum":
		r.min = n
	case "maximum":
		r.max = n
	case "exclusiveMinimum":
		r.above = n
	case "exclusiveMaximum":
		r.below = n
	case "multipleOf":
		if n != nil && rational(*n).Sign() <= 0 {
			b.problem("multipleOf should be above 0")
			return
		}
		r.multiple = n
	}
}
