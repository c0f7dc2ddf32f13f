package schema

// Validate checks a model against the whole schema. It returns nil or an [*Error] of kind [Invalid] whose text is
// `Model validation failed (…)` with one line per failure in the words, and as far as AWS's has one the order, of AWS's
// validator; values are scrubbed. Defaults are not filled in and `format` is not asserted. Only what has no fraction part
// and no exponent in its text is an integer, so 7.0 is none. A pattern that cannot be decided within 200 ms is a failure,
// reported as such.
func (s *Schema) Validate(model any) error {
	if f := s.check(s.root, model); f != nil {
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
	if f := s.check(s.list, model); f != nil {
		return &Error{InvalidRequest, "Missing or invalid ResourceModel property in " + s.TypeName +
			" list handler request input.Required property:  (" + f.lines(false) + ")"}
	}
	return nil
}

// check walks the model; see explainer.
func (s *Schema) check(n *node, model any) *failure {
	if _, ok := model.(map[string]any); !ok {
		// The root of a type need not say `type: object`; AWS's validator takes objects only.
		return (&explainer{}).fail(model, "type", "expected type: JSONObject, found: %s", className(model))
	}
	return explain(n, model)
}
