package schema

import "strconv"

// patchBudget bounds the values that one patch may copy or move: a few dozen copies of the whole document into itself
// would otherwise fill the memory.
const patchBudget = 1 << 20

// patcher applies operations to a document of its own, in place.
type patcher struct {
	doc    any
	budget int
	op     string // of the running operation
}

func applyAll(doc any, ops []operation) (any, error) {
	p := patcher{budget: patchBudget}
	var err error
	p.doc = clone(doc)
	for _, op := range ops {
		p.op = op.name
		if err = p.apply(op); err != nil {
			return nil, err
		}
	}
	return p.doc, nil
}

func (p *patcher) apply(op operation) error {
	switch op.name {
	case "ADD":
		return p.add(op.path, op.value)
	case "REMOVE":
		_, err := p.remove(op.path)
		return err
	case "REPLACE":
		return p.replace(op.path, op.value)
	case "TEST":
		v, err := p.get(op.path)
		if err == nil && !Equal(v, op.value) {
			err = p.fail("value mismatch")
		}
		return err
	case "COPY":
		v, err := p.get(op.from)
		if err != nil {
			return err
		}
		if err = p.fits(op.path, v); err != nil {
			return err
		}
		return p.add(op.path, clone(v))
	}
	v, err := p.get(op.from) // MOVE
	if err != nil || op.from.text == op.path.text {
		return err
	}
	if _, err = p.remove(op.from); err != nil {
		return err
	}
	return p.add(op.path, v)
}

func (p *patcher) fail(text string) error { return invalid("[" + p.op + " Operation] " + text) }

// noSuchPath has no space before the colon where the parent is missing, one where only the last step is: so the library.
func (p *patcher) noSuchPath(l location, space string) error {
	return p.fail("noSuchPath in source, path provided" + space + ": " + l.String())
}

// String is the location as the library prints it, with one slash too many.
func (l location) String() string { return "/" + l.text }

// parent finds the container of the last segment; put writes a changed array back to its own place.
func (p *patcher) parent(l location) (container any, put func(any), err error) {
	if l.broken {
		return nil, nil, p.noSuchPath(l, "")
	}
	at, put := p.doc, func(v any) { p.doc = v }
	for _, s := range l.segments[:len(l.segments)-1] {
		switch c := at.(type) {
		case map[string]any:
			next, ok := c[s]
			if !ok {
				return nil, nil, p.noSuchPath(l, "")
			}
			at, put = next, func(v any) { c[s] = v }
		case []any:
			i, ok := elementIndex(s)
			if !ok || i >= len(c) {
				return nil, nil, p.noSuchPath(l, "")
			}
			at, put = c[i], func(v any) { c[i] = v }
		default:
			return at, put, nil // a scalar: the caller says what that means
		}
	}
	return at, put, nil
}

// get reads a value for test, copy and move.
func (p *patcher) get(l location) (any, error) {
	if len(l.segments) == 0 {
		return p.doc, nil
	}
	parent, _, err := p.parent(l)
	if err != nil {
		return nil, err
	}
	last := l.segments[len(l.segments)-1]
	switch c := parent.(type) {
	case map[string]any:
		if v, ok := c[last]; ok {
			return v, nil
		}
		return nil, p.noSuchPath(l, " ")
	case []any:
		i, err := p.index(last, len(c)-1)
		if err != nil {
			return nil, err
		}
		return c[i], nil
	}
	return nil, p.notContainer(l, parent)
}

func (p *patcher) add(l location, v any) error {
	if err := p.fits(l, v); err != nil {
		return err
	}
	if len(l.segments) == 0 {
		p.doc = v
		return nil
	}
	parent, put, err := p.parent(l)
	if err != nil {
		return err
	}
	last := l.segments[len(l.segments)-1]
	switch c := parent.(type) {
	case map[string]any:
		c[last] = v
		return nil
	case []any:
		i := len(c)
		if last != "-" {
			if i, err = p.index(last, len(c)); err != nil {
				return err
			}
		}
		c = append(c, nil)
		copy(c[i+1:], c[i:])
		c[i] = v
		put(c)
		return nil
	}
	return p.notContainer(l, parent)
}

func (p *patcher) replace(l location, v any) error {
	if err := p.fits(l, v); err != nil {
		return err
	}
	if len(l.segments) == 0 {
		p.doc = v
		return nil
	}
	parent, _, err := p.parent(l)
	if err != nil {
		return err
	}
	last := l.segments[len(l.segments)-1]
	switch c := parent.(type) {
	case map[string]any:
		if _, ok := c[last]; ok {
			c[last] = v
			return nil
		}
	case []any:
		i, err := p.index(last, len(c)-1)
		if err == nil {
			c[i] = v
		}
		return err
	}
	return p.noSuchPath(l, " ")
}

func (p *patcher) remove(l location) (any, error) {
	if len(l.segments) == 0 {
		return nil, p.fail("path is empty")
	}
	parent, put, err := p.parent(l)
	if err != nil {
		return nil, err
	}
	last := l.segments[len(l.segments)-1]
	switch c := parent.(type) {
	case map[string]any:
		v := c[last]
		delete(c, last)
		return v, nil
	case []any:
		i, err := p.index(last, len(c)-1)
		if err != nil {
			return nil, err
		}
		v := c[i]
		put(append(c[:i], c[i+1:]...))
		return v, nil
	}
	return nil, p.noSuchPath(l, " ")
}

// index reads an array index of at most limit.
func (p *patcher) index(s string, limit int) (int, error) {
	if i, err := strconv.Atoi(s); err == nil && i < 0 {
		return 0, invalid("index Out of bound, index is negative")
	}
	i, ok := elementIndex(s)
	switch {
	case !ok:
		return 0, invalid("Object operation on array target")
	case i > limit:
		return 0, invalid("index Out of bound, index is greater than " + strconv.Itoa(limit))
	}
	return i, nil
}

// elementIndex reads digits without a leading zero.
func elementIndex(s string) (int, bool) {
	i, err := strconv.Atoi(s)
	return i, err == nil && i >= 0 && strconv.Itoa(i) == s
}

// notContainer names the kind of the node, where the library prints the node itself.
func (p *patcher) notContainer(l location, node any) error {
	return p.fail("parent is not a container in source, path provided : " + l.String() + " | node : " + jsonKind(node))
}

func jsonKind(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	}
	return "number"
}

// fits keeps the document within MaxDepth and the patch within its budget.
func (p *patcher) fits(l location, v any) error {
	depth, size := measure(v)
	p.budget -= size
	switch {
	case depth+len(l.segments) > MaxDepth:
		return p.fail(errDepth.Error())
	case p.budget < 0:
		return p.fail("the patch copies too much")
	}
	return nil
}

// measure counts levels of containers and values.
func measure(v any) (depth, size int) {
	size = 1
	each := func(v any) {
		d, n := measure(v)
		depth, size = max(depth, d), size+n
	}
	switch v := v.(type) {
	case map[string]any:
		for _, e := range v {
			each(e)
		}
		depth++
	case []any:
		for _, e := range v {
			each(e)
		}
		depth++
	}
	return depth, size
}

func clone(v any) any {
	switch v := v.(type) {
	case map[string]any:
		m := make(map[string]any, len(v))
		for k, e := range v {
			m[k] = clone(e)
		}
		return m
	case []any:
		list := make([]any, len(v))
		for i, e := range v {
			list[i] = clone(e)
		}
		return list
	}
	return v
}
