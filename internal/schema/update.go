package schema

import (
	"slices"
	"strings"
)

// Updated is what an update comes to.
type Updated struct {
	// Desired is the model for the update handler: the state that was read, patched, with the write-only values that are
	// still remembered. [Schema.WriteOnlyOf] of it is what to remember once the update succeeded.
	Desired any
	// Changed is false when the patch makes no difference, so that nothing need be done.
	Changed bool
}

// Update decides what UpdateResource does with a patch, before anything is done. current is the model that READ gave,
// remembered what [Schema.WriteOnlyOf] gave for the desired state of the last successful create or update (nil when
// nothing is known). None of the arguments is changed.
//
// Errors, in this order: [Invalid] for a bad patch, for an operation other than `add` on a write-only property, and for a
// patch that cannot be applied; [NotUpdatable] when create-only properties would differ; [Invalid] when read-only ones
// would, or when the result is not a valid model.
//
// Differences are looked for in the result, not in the paths that the patch names, and `insertionOrder: false` arrays may
// change their order. A write-only value sent again is no difference. `add` with null forgets a write-only value. What
// was invalid before the patch and is untouched by it does not count: READ results often lack required write-only members.
func (s *Schema) Update(current, remembered any, patch []byte) (Updated, error) {
	ops, err := parsePatch(patch)
	if err != nil {
		return Updated{}, err
	}
	if err := s.checkWriteOnlyOps(ops); err != nil {
		return Updated{}, err
	}
	patched, err := applyAll(current, ops)
	if err != nil {
		return Updated{}, err
	}
	before := s.RestoreWriteOnly(current, remembered)
	after := s.forget(restore(patched, remembered, s.WriteOnly, nil, removedBy(ops)))
	if _, ok := after.(map[string]any); ok {
		if err := s.checkCreateOnly(before, after); err != nil {
			return Updated{}, err
		}
		if err := s.checkReadOnly(before, after); err != nil {
			return Updated{}, err
		}
	}
	if err := s.checkModel(before, after); err != nil {
		return Updated{}, err
	}
	return Updated{Desired: after, Changed: !same(s.root, before, after)}, nil
}

// checkWriteOnlyOps lets only `add` name a write-only property. The `from` of copy and move counts, too.
func (s *Schema) checkWriteOnlyOps(ops []operation) error {
	var touched []Pointer
	for _, p := range s.WriteOnly {
		if slices.ContainsFunc(ops, func(op operation) bool {
			return op.name != "ADD" && p.covers(op.path.segments) ||
				(op.name == "MOVE" || op.name == "COPY") && p.covers(op.from.segments)
		}) {
			touched = append(touched, p)
		}
	}
	if len(touched) == 0 {
		return nil
	}
	return invalid("Invalid patch update: writeOnlyProperties " + pointerList(touched, Pointer.path) +
		" can only be updated using 'add' operation")
}

// removedBy tells which paths the patch took out on purpose, so that nothing remembered brings them back: those that it
// removes, and objects that a new value around them does without.
func removedBy(ops []operation) func(path []string, object bool) bool {
	return func(path []string, object bool) bool {
		return slices.ContainsFunc(ops, func(op operation) bool {
			set, taken := Pointer(op.path.segments), Pointer(op.from.segments)
			switch op.name {
			case "REMOVE":
				return set.covers(path)
			case "MOVE":
				return taken.covers(path) || object && set.covers(path)
			case "ADD", "REPLACE", "COPY":
				return object && set.covers(path)
			}
			return false
		})
	}
}

// forget drops write-only values that are null: READ never has any, so a patch put them there.
func (s *Schema) forget(model any) any {
	var nulls []Pointer
	for _, p := range s.WriteOnly {
		for _, m := range matches(model, p) {
			if m.value == nil {
				nulls = append(nulls, m.path)
			}
		}
	}
	out, _ := drop(model, nulls, false)
	return out
}

func (s *Schema) checkCreateOnly(before, after any) error {
	changed := slices.DeleteFunc(slices.Clone(s.CreateOnly), func(p Pointer) bool {
		return slices.Equal(s.readings(before, p), s.readings(after, p))
	})
	if len(changed) == 0 {
		return nil
	}
	return &Error{NotUpdatable, "Invalid patch update: createOnlyProperties " +
		pointerList(changed, Pointer.String) + " cannot be updated"}
}

// checkReadOnly refuses read-only values that the caller changed or made up. Ones that went together with the object or
// array element that held them are no change: else no such object could ever be removed.
func (s *Schema) checkReadOnly(before, after any) error {
	changed := slices.DeleteFunc(slices.Clone(s.ReadOnly), func(p Pointer) bool {
		was, is := s.readings(before, p), s.readings(after, p)
		if slices.Equal(was, is) {
			return true
		}
		if slices.Contains(p, "*") {
			return isPart(is, was)
		}
		return len(is) == 0 && len(p) > 1 && len(matches(after, p[:len(p)-1])) == 0
	})
	if len(changed) == 0 {
		return nil
	}
	return invalid("Invalid patch update: readOnlyProperties " + pointerList(changed, Pointer.String) + " cannot be updated")
}

// readings are the values at a pointer as comparable texts, sorted where an array on the way has no order.
func (s *Schema) readings(model any, p Pointer) []string {
	n := s.root.at(p)
	var texts []string
	for _, m := range matches(model, p) {
		texts = append(texts, string(appendCanonical(nil, n, m.value)))
	}
	for i, segment := range p {
		if segment == "*" && s.root.at(p[:i]).isUnordered() {
			slices.Sort(texts)
			break
		}
	}
	return texts
}

// isPart tells whether all holds every text of some at least as often.
func isPart(some, all []string) bool {
	rest := map[string]int{}
	for _, t := range all {
		rest[t]++
	}
	for _, t := range some {
		if rest[t]--; rest[t] < 0 {
			return false
		}
	}
	return true
}

// checkModel validates the result and forgives what was wrong before in the same way.
func (s *Schema) checkModel(before, after any) error {
	f := s.check(s.root, after)
	if f == nil {
		return nil
	}
	if old := s.check(s.root, before); old != nil {
		known := map[string]bool{}
		old.remember(known)
		f = f.without(known)
	}
	if f == nil {
		return nil
	}
	return validationError(f)
}

// remember notes every finding of the tree.
func (f *failure) remember(known map[string]bool) {
	if f.keyword != "" {
		for _, id := range f.ids() {
			known[id] = true
		}
	}
	for _, c := range f.causes {
		c.remember(known)
	}
}

// without returns the tree without known findings; nil when none is left. A combination is known when
// it failed with the same text and all its causes are known.
func (f *failure) without(known map[string]bool) *failure {
	isKnown := f.keyword == "" || slices.ContainsFunc(f.ids(), func(id string) bool { return known[id] })
	if len(f.causes) == 0 {
		if isKnown {
			return nil
		}
		return f
	}
	var left []*failure
	for _, c := range f.causes {
		if c = c.without(known); c != nil {
			left = append(left, c)
		}
	}
	if len(left) == 0 && isKnown {
		return nil
	}
	if f.keyword == "" {
		return gather(left)
	}
	return f // a combination is shown with all its causes
}

// ids say what makes two findings, before and after a patch, the same one. That a key is missing or extraneous is the
// same at the same place; anything else, and a key in an array element that moved, only for an equal value; a combination
// goes by its causes.
func (f *failure) ids() []string {
	var place strings.Builder
	for _, s := range f.path {
		if isIndex(s) {
			s = "*"
		}
		place.WriteString("/" + escapeSegment(s))
	}
	if len(f.causes) > 0 {
		return []string{strings.Join([]string{"combination", place.String(), f.keyword, f.text}, "\n")}
	}
	ids := []string{strings.Join([]string{"value", place.String(), f.keyword, f.text, string(appendCanonical(nil, nil, f.value))}, "\n")}
	if f.key != "" {
		ids = append(ids, strings.Join([]string{"key", f.where(), f.keyword, f.key}, "\n"))
	}
	return ids
}
