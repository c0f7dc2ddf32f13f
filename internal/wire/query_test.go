package wire

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func FuzzQuery(f *testing.F) {
	for _, s := range []string{
		"", "Action=A&Version=1", "action=A", "Action=&Action=B", "Action=A%20b+c&Version=%zz", "Ver%73ion=1&Action", "&&=&Action=A;Version=1",
		"Action=%ff&Version=%00", "Action=A=B", "=Action", "Action=<a>&Version=]]>&quot;",
	} {
		f.Add(s, "")
		f.Add("", s)
		f.Add(s, "Action=Q&Version=Q")
	}
	f.Fuzz(func(t *testing.T, form, rawQuery string) {
		x := exchange{r: &http.Request{Method: http.MethodPost, URL: &url.URL{RawQuery: rawQuery}}, body: []byte(form)}
		got := x.readQuery()
		want := query{oracleQuery("Action", form, rawQuery), oracleQuery("Version", form, rawQuery)}
		if got != want {
			t.Fatalf("%q %q: got %+v, want %+v", form, rawQuery, got, want)
		}
	})
}

// oracleQuery is the first value that is not empty, by net/url.
func oracleQuery(key string, forms ...string) string {
	for _, form := range forms {
		var short []string // net/url stops to count at 10,000 pairs, and we pass over long ones
		for pair := range strings.SplitSeq(form, "&") {
			if len(pair) <= 1024 {
				short = append(short, pair)
			}
		}
		values, _ := url.ParseQuery(strings.Join(short, "&"))
		for _, v := range values[key] {
			if v != "" {
				return v
			}
		}
	}
	return ""
}

func TestTextInXMLIsEscaped(t *testing.T) {
	got := string(appendElement(nil, "E", "<a> & \x00 \xff ]]>"))
	if want := "<E>&lt;a&gt; &amp; \uFFFD \uFFFD ]]&gt;</E>"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestOperationsNamesEachEndpoint(t *testing.T) {
	var want []string
	for prefix, table := range map[string]map[string]endpoint{
		"CloudApiService.": cloudControl(nobody{nil}),
		"GroundControl.":   groundControl(nobody{nil}),
	} {
		for target, e := range table {
			if target != prefix+e.name {
				t.Errorf("%s stands under %s", e.name, target)
			}
			want = append(want, e.name)
		}
	}
	want = append(want, getSessionToken, invoke)
	for _, name := range append(registryActions(), getCallerIdentity) {
		if !slices.Contains(want, name) {
			want = append(want, name)
		}
	}
	got := map[string]bool{}
	for _, name := range Operations() {
		got[name] = true
	}
	if len(got) != len(want) {
		t.Errorf("got %d names for %d operations", len(got), len(want))
	}
	for _, name := range want {
		if !got[name] {
			t.Errorf("%s is missing", name)
		}
	}
}

// nobody is a control that is never called.
type nobody struct{ Control }
