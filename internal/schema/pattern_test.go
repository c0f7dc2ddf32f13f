package schema

import "testing"

func TestPatternsOfJavasDialect(t *testing.T) {
	cases := []struct {
		pattern string
		fits    []string
		misses  []string
		std     bool
	}{
		{`^[.\-_/#A-Za-z0-9]{1,512}\Z`, []string{"/app"}, []string{"", "a b", "a\n"}, true},
		{`^a$`, []string{"a"}, []string{"a\n", "ba"}, true},
		{`b`, []string{"abc"}, []string{"ac"}, true},
		{`^[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\r\n\t]*$`, []string{"a😀", ""}, []string{"\x01"}, true},
		{`^\u0041\u{}`, nil, nil, false},
		{`^\p{Graph}+$`, []string{"a~!"}, []string{"a b", "é"}, true},
		{`^[\p{Print}é]+$`, []string{"a bé"}, []string{"\t"}, true},
		{`^[\p{L}\p{Z}]+$`, []string{"Größe é"}, []string{"p{L}1"}, true},
		{`^[]a]+$`, []string{"]a"}, []string{"b"}, true},
		{`^[^]a]+$`, []string{"b"}, []string{"]"}, true},
		{`^[\[\]\\Z]+$`, []string{`[]\Z`}, []string{"a"}, true},
		{`^(?!aws:)[a-z:]+$`, []string{"aw:"}, []string{"aws:x"}, false},
		{`^(?=.{3,63}$)[a-z]+$`, []string{"abc"}, []string{"ab", "abc\n"}, false},
		{`^.{1,2048}$`, []string{"x"}, []string{""}, false},
		{`^(?!x)\w+\d$`, []string{"a1"}, []string{"é1", "a١"}, false},
		{``, []string{"", "x"}, nil, true},
	}
	for _, c := range cases {
		t.Run(c.pattern, func(t *testing.T) {
			p, err := newPattern(c.pattern)
			if err != nil {
				if c.fits != nil {
					t.Fatal(err)
				}
				return
			}
			if p.std != c.std {
				t.Errorf("runs on Go's own engine: %v", p.std)
			}
			for text, want := range expect(c.fits, c.misses) {
				if got, err := p.match(text); err != nil || got != want {
					t.Errorf("%q: got %v, %v", text, got, err)
				}
			}
			if p.source != c.pattern {
				t.Errorf("the source became %s", p.source)
			}
		})
	}
}

func expect(fits, misses []string) map[string]bool {
	all := map[string]bool{}
	for _, s := range fits {
		all[s] = true
	}
	for _, s := range misses {
		all[s] = false
	}
	return all
}

func TestAPatternNoEngineTakesIsAnError(t *testing.T) {
	for _, text := range []string{`(`, `[z-a]`, `a*{1,1000}`} {
		if _, err := newPattern(text); err == nil {
			t.Errorf("%s is taken", text)
		}
	}
}
