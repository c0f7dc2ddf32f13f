package schema

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Validate checks a model against the whole schema. It returns nil or an [*Error] of kind [Invalid] whose text is
// `Model validation failed (…)` with one line per failure in the words, and as far as AWS's has one the order, of AWS's
// validator; values are scrubbed. Defaults are not filled in and `format` is not asserted. Only what has no fraction part
// and no exponent in its text is an integer, so 7.0 is none. The first call compiles the schema; all calls are safe for
// concurrent use. A pattern that cannot be decided within 200 ms is a failure, reported as such.
func (s *Schema) Validate(model any) error {
	if f := s.check(s.root, "model", model); f != nil {
		return validationError(f)
	}
	return nil
}

func validationError(f *failure) error {
	return invalid("Model validation failed (" + f.lines(true) + ")")
}

// ValidateList checks the ResourceModel of a list request against handlers.list.handlerSchema; a nil model is an empty
// one. It returns nil, also where the type has no such schema, or an [*Error] of kind [InvalidRequest]. AWS does not
// scrub values here.
func (s *Schema) ValidateList(model any) error {
	if s.list == nil {
		return nil
	}
	if model == nil {
		model = map[string]any{}
	}
	if f := s.check(s.list, "list", model); f != nil {
		return &Error{InvalidRequest, "Missing or invalid ResourceModel property in " + s.TypeName +
			" list handler request input.Required property:  (" + f.lines(false) + ")"}
	}
	return nil
}

// check is the fast yes and, only after a no, the slow why.
func (s *Schema) check(n *node, definition string, model any) *failure {
	if _, ok := model.(map[string]any); !ok {
		// The root of a type need not say `type: object`; AWS's validator takes objects only.
		return (&explainer{}).fail(model, "type", "expected type: JSONObject, found: %s", className(model))
	}
	err := s.verdict(definition, model)
	if err == nil && !hasFraction(model) {
		return nil
	}
	f := explain(n, model)
	if f == nil && err != nil {
		return lastResort(err)
	}
	return f
}

// verdict asks the JSON Schema library.
func (s *Schema) verdict(definition string, model any) (err error) {
	s.judge.once.Do(s.compile)
	defer func() {
		if r := recover(); r != nil {
			if slow, ok := r.(error); ok && errors.Is(slow, errTooSlow) {
				err = slow // from pattern.MatchString
				return
			}
			panic(r)
		}
	}()
	compiled := s.judge.schemas[definition]
	if compiled == nil {
		return errNotCompiled
	}
	return compiled.Validate(model)
}

// errNotCompiled leaves the decision to explainer. No known schema comes here.
var errNotCompiled = errors.New("the schema was not compiled")

// lastResort words a refusal that explainer cannot explain.
func lastResort(err error) *failure {
	var v *jsonschema.ValidationError
	if !errors.As(err, &v) {
		return nil
	}
	for len(v.Causes) > 0 {
		v = v.Causes[0]
	}
	f := &failure{keyword: "schema", path: v.InstanceLocation}
	if path := v.ErrorKind.KeywordPath(); len(path) > 0 {
		f.keyword = path[len(path)-1]
	}
	f.text = "failed validation constraint for keyword [" + f.keyword + "]"
	return f
}

// hasFraction tells whether v has a number whose text is not that of an integer. The library goes by value, AWS's
// validator by text, so such documents need explainer's look.
func hasFraction(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		for _, e := range v {
			if hasFraction(e) {
				return true
			}
		}
	case []any:
		for _, e := range v {
			if hasFraction(e) {
				return true
			}
		}
	case json.Number:
		return !isWhole(v)
	}
	return false
}

// compile makes the library's form of the schema, once.
func (s *Schema) compile() {
	const base = "schema:///type"
	s.judge.schemas = map[string]*jsonschema.Schema{}
	roots := map[string]*node{"model": s.root}
	if s.list != nil {
		roots["list"] = s.list
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft7)
	c.UseLoader(noLoader{})
	c.UseRegexpEngine(func(text string) (jsonschema.Regexp, error) {
		if p := s.patterns[text]; p != nil {
			return p, nil
		}
		if text == anything.source {
			return anything, nil
		}
		return newPattern(text)
	})
	if s.judge.err = c.AddResource(base, emit(roots)); s.judge.err != nil {
		return
	}
	for name := range roots {
		compiled, err := c.Compile(base + "#/definitions/" + name)
		if err != nil {
			s.judge.err = err
			continue
		}
		s.judge.schemas[name] = compiled
	}
}

// noLoader keeps the library from fetching anything.
type noLoader struct{}

func (noLoader) Load(url string) (any, error) {
	return nil, errors.New("schemas are not fetched: " + strings.TrimSpace(url))
}
