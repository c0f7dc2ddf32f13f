package schema

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// suiteExceptions are official cases that contradict a quirk which AWS's service has and we keep. There is none: the
// suite never removes an absent member and never leaves the leading "/" away.
var suiteExceptions = map[string]string{}

func TestOfficialPatchSuite(t *testing.T) {
	directory := os.Getenv("GROUNDCONTROL_PATCH_SUITE")
	if directory == "" {
		directory = "../../.cache/json-patch-test-suite/package"
	}
	ran := 0
	for _, file := range []string{"tests.json", "spec_tests.json"} {
		text, err := os.ReadFile(filepath.Join(directory, file))
		if err != nil {
			const hint = "the official JSON Patch suite is not here: make setup gets it (npm pack json-patch-test-suite)"
			if os.Getenv("CI") != "" {
				t.Fatal(hint)
			}
			t.Skip(hint)
		}
		for i, record := range doc(t, string(text)).([]any) {
			c := record.(map[string]any)
			if c["patch"] == nil || c["disabled"] == true {
				continue
			}
			name := file + "/" + strconv.Itoa(i)
			if comment, ok := c["comment"].(string); ok {
				name += " " + comment
			}
			ran++
			t.Run(name, func(t *testing.T) { runSuiteCase(t, name, c) })
		}
	}
	t.Logf("%d cases ran, %d of them with another outcome on purpose", ran, len(suiteExceptions))
}

func runSuiteCase(t *testing.T, name string, c map[string]any) {
	if why, ok := suiteExceptions[name]; ok {
		t.Skip(why)
	}
	before := Encode(c["doc"])
	got, err := ApplyPatch(c["doc"], Encode(c["patch"]))
	if diff := cmp.Diff(string(before), string(Encode(c["doc"]))); diff != "" {
		t.Errorf("the input changed: %s", diff)
	}
	if want, fails := c["error"]; fails {
		if err == nil {
			t.Errorf("got %s, want an error like %q", Encode(got), want)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if want, ok := c["expected"]; ok && !Equal(got, want) {
		t.Errorf("got %s, want %s", Encode(got), Encode(want))
	}
}
