package schema

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// patchCases hold document, patch and either the result or, beginning with "error: ", the text of the error.
var patchCases = []struct{ name, doc, patch, want string }{
	// The patch as a whole.
	{"no operations leave an object as it is", `{"A":1}`, `[]`, `{"A":1}`},
	{"no operations leave an array as it is", `[1,2]`, `[]`, `[1,2]`},
	{"no operations leave a scalar as it is", `"x"`, `[]`, `"x"`},
	{"operations run one after the other", `{}`, `[{"op":"add","path":"/A","value":{}},{"op":"add","path":"/A/B","value":1}]`, `{"A":{"B":1}}`},
	{"a later operation sees an earlier removal", `{"A":1}`, `[{"op":"remove","path":"/A"},{"op":"replace","path":"/A","value":2}]`, `error: [REPLACE Operation] noSuchPath in source, path provided : //A`},
	{"numbers keep every digit", `{"N":9007199254740993}`, `[{"op":"copy","from":"/N","path":"/M"}]`, `{"M":9007199254740993,"N":9007199254740993}`},
	{"numbers keep their spelling", `{}`, `[{"op":"add","path":"/N","value":1.50e1}]`, `{"N":1.50e1}`},
	{"unknown members of an operation are ignored", `{"A":1}`, `[{"op":"test","path":"/A","value":1,"note":"x"}]`, `{"A":1}`},
	{"the order of an operation's members does not matter", `{}`, `[{"value":1,"path":"/A","op":"add"}]`, `{"A":1}`},
	{"of a repeated member the last one counts", `{}`, `[{"op":"remove","op":"add","path":"/A","value":1}]`, `{"A":1}`},

	// Malformed patches.
	{"a patch that is not JSON", `{}`, `[{]`, `error: Invalid JSON in PatchDocument: unexpected character at offset 2`},
	{"an empty patch text", `{}`, ``, `error: Invalid JSON in PatchDocument: unexpected end of text`},
	{"a patch that is an object", `{}`, `{"op":"add"}`, `error: Invalid JSON Patch payload (not an array)`},
	{"a patch that is a string", `{}`, `"add"`, `error: Invalid JSON Patch payload (not an array)`},
	{"an operation that is an array", `{}`, `[[]]`, `error: Invalid JSON Patch payload (not an object)`},
	{"an operation that is null", `{}`, `[null]`, `error: Invalid JSON Patch payload (not an object)`},
	{"an operation without op", `{}`, `[{"path":"/A"}]`, `error: Invalid JSON Patch payload (missing 'op' field)`},
	{"an op that is no string", `{}`, `[{"op":7,"path":"/A"}]`, `error: Invalid JSON Patch payload (missing 'op' field)`},
	{"an operation without path", `{}`, `[{"op":"remove"}]`, `error: Invalid JSON Patch payload (missing 'path' field)`},
	{"a path that is null", `{}`, `[{"op":"remove","path":null}]`, `error: Invalid JSON Patch payload (missing 'path' field)`},
	{"add without value", `{}`, `[{"op":"add","path":"/A"}]`, `error: Invalid JSON Patch payload (missing 'value' field)`},
	{"replace without value", `{"A":1}`, `[{"op":"replace","path":"/A"}]`, `error: Invalid JSON Patch payload (missing 'value' field)`},
	{"test without value", `{"A":null}`, `[{"op":"test","path":"/A"}]`, `error: Invalid JSON Patch payload (missing 'value' field)`},
	{"move without from", `{"A":1}`, `[{"op":"move","path":"/B"}]`, `error: Invalid JSON Patch payload (missing 'from' field)`},
	{"copy without from", `{"A":1}`, `[{"op":"copy","path":"/B"}]`, `error: Invalid JSON Patch payload (missing 'from' field)`},
	{"a from that is no string", `{"A":1}`, `[{"op":"copy","path":"/B","from":1}]`, `error: Invalid JSON Patch payload (missing 'from' field)`},
	{"an unknown operation", `{}`, `[{"op":"foo","path":"/A"}]`, `error: unknown / unsupported operation foo`},
	{"a malformed operation fails before any is applied", `{}`, `[{"op":"remove","path":"/A/B"},{"op":"foo","path":"/A"}]`, `error: unknown / unsupported operation foo`},

	// Quirks of AWS's library.
	{"operation names may be in any case", `{"A":1}`, `[{"op":"Replace","path":"/A","value":2},{"op":"ADD","path":"/B","value":3}]`, `{"A":2,"B":3}`},
	{"a path without slash names a top-level property", `{}`, `[{"op":"add","path":"RetentionInDays","value":30}]`, `{"RetentionInDays":30}`},
	{"a path without slash can be replaced", `{"A":1}`, `[{"op":"replace","path":"A","value":2}]`, `{"A":2}`},
	{"a from without slash works too", `{"A":1}`, `[{"op":"move","from":"A","path":"B"}]`, `{"B":1}`},
	{"a path of two segments without slash is refused", `{"A":{"B":1}}`, `[{"op":"replace","path":"A/B","value":2}]`, `error: [REPLACE Operation] noSuchPath in source, path provided: /A/B`},
	{"removing an absent member is fine", `{"A":1}`, `[{"op":"remove","path":"/B"}]`, `{"A":1}`},
	{"removing below an absent member is not", `{"A":1}`, `[{"op":"remove","path":"/B/C"}]`, `error: [REMOVE Operation] noSuchPath in source, path provided: //B/C`},

	// add.
	{"add makes a member", `{"A":1}`, `[{"op":"add","path":"/B","value":2}]`, `{"A":1,"B":2}`},
	{"add replaces a member that is there", `{"A":1}`, `[{"op":"add","path":"/A","value":[2]}]`, `{"A":[2]}`},
	{"add replaces a null", `{"A":null}`, `[{"op":"add","path":"/A","value":1}]`, `{"A":1}`},
	{"add takes null", `{}`, `[{"op":"add","path":"/A","value":null}]`, `{"A":null}`},
	{"add takes true", `{}`, `[{"op":"add","path":"/A","value":true}]`, `{"A":true}`},
	{"add takes false", `{}`, `[{"op":"add","path":"/A","value":false}]`, `{"A":false}`},
	{"add takes an object", `{}`, `[{"op":"add","path":"/A","value":{"B":{}}}]`, `{"A":{"B":{}}}`},
	{"add reaches into an array element", `{"A":[{"B":1}]}`, `[{"op":"add","path":"/A/0/C","value":2}]`, `{"A":[{"B":1,"C":2}]}`},
	{"add at the front of an array", `[1,2]`, `[{"op":"add","path":"/0","value":0}]`, `[0,1,2]`},
	{"add in the middle of an array", `[1,2]`, `[{"op":"add","path":"/1","value":9}]`, `[1,9,2]`},
	{"add at the length of an array", `[1,2]`, `[{"op":"add","path":"/2","value":3}]`, `[1,2,3]`},
	{"add with - goes to the end", `[1,2]`, `[{"op":"add","path":"/-","value":3}]`, `[1,2,3]`},
	{"add with - into an empty array", `{"A":[]}`, `[{"op":"add","path":"/A/-","value":{"B":1}}]`, `{"A":[{"B":1}]}`},
	{"add with - levels down", `[1,[2,[3]]]`, `[{"op":"add","path":"/1/1/-","value":4}]`, `[1,[2,[3,4]]]`},
	{"an added array is one element", `[1]`, `[{"op":"add","path":"/0","value":[8,9]}]`, `[[8,9],1]`},
	{"add above the length", `{"A":[1,2]}`, `[{"op":"add","path":"/A/3","value":1}]`, `error: index Out of bound, index is greater than 2`},
	{"add at a negative index", `[1]`, `[{"op":"add","path":"/-1","value":1}]`, `error: index Out of bound, index is negative`},
	{"add at an index with a leading zero", `[1]`, `[{"op":"add","path":"/01","value":1}]`, `error: Object operation on array target`},
	{"add at an index with an exponent", `[1]`, `[{"op":"add","path":"/1e0","value":1}]`, `error: Object operation on array target`},
	{"add at an index with a plus sign", `[1]`, `[{"op":"add","path":"/+1","value":1}]`, `error: Object operation on array target`},
	{"add at a name in an array", `[1]`, `[{"op":"add","path":"/A","value":1}]`, `error: Object operation on array target`},
	{"digits are a name in an object", `{"A":1}`, `[{"op":"add","path":"/0","value":2}]`, `{"0":2,"A":1}`},
	{"- is a name in an object", `{}`, `[{"op":"add","path":"/-","value":2}]`, `{"-":2}`},
	{"add below an absent member", `{}`, `[{"op":"add","path":"/A/B","value":1}]`, `error: [ADD Operation] noSuchPath in source, path provided: //A/B`},
	{"add below an absent element", `{"A":[]}`, `[{"op":"add","path":"/A/0/B","value":1}]`, `error: [ADD Operation] noSuchPath in source, path provided: //A/0/B`},
	{"add below a bad index", `{"A":[{}]}`, `[{"op":"add","path":"/A/x/B","value":1}]`, `error: [ADD Operation] noSuchPath in source, path provided: //A/x/B`},
	{"add below a string names its kind only", `{"A":"secret"}`, `[{"op":"add","path":"/A/B","value":1}]`, `error: [ADD Operation] parent is not a container in source, path provided : //A/B | node : string`},
	{"add below a number", `{"A":12}`, `[{"op":"add","path":"/A/B","value":1}]`, `error: [ADD Operation] parent is not a container in source, path provided : //A/B | node : number`},
	{"add far below a boolean", `{"A":true}`, `[{"op":"add","path":"/A/B/C","value":1}]`, `error: [ADD Operation] parent is not a container in source, path provided : //A/B/C | node : boolean`},
	{"add below null", `{"A":null}`, `[{"op":"add","path":"/A/B","value":1}]`, `error: [ADD Operation] parent is not a container in source, path provided : //A/B | node : null`},
	{"add replaces the whole document", `{"A":1}`, `[{"op":"add","path":"","value":{"B":2}}]`, `{"B":2}`},
	{"add with an empty name", `{}`, `[{"op":"add","path":"/","value":1}]`, `{"":1}`},
	{"add with an empty name below", `{"A":{}}`, `[{"op":"add","path":"/A/","value":1}]`, `{"A":{"":1}}`},
	{"an added value may be changed by the next operation", `{}`, `[{"op":"add","path":"/A","value":[1]},{"op":"add","path":"/A/-","value":2}]`, `{"A":[1,2]}`},

	// remove.
	{"remove takes a member out", `{"A":1,"B":2}`, `[{"op":"remove","path":"/A"}]`, `{"B":2}`},
	{"remove takes a null out", `{"A":null}`, `[{"op":"remove","path":"/A"}]`, `{}`},
	{"remove reaches into an array element", `{"A":[{"B":1}]}`, `[{"op":"remove","path":"/A/0/B"}]`, `{"A":[{}]}`},
	{"remove closes the gap in an array", `[1,2,3]`, `[{"op":"remove","path":"/1"}]`, `[1,3]`},
	{"removals shift what follows", `[1,2,3,4]`, `[{"op":"remove","path":"/1"},{"op":"remove","path":"/2"}]`, `[1,3]`},
	{"remove the last element", `[1]`, `[{"op":"remove","path":"/0"}]`, `[]`},
	{"remove beyond the end", `[1]`, `[{"op":"remove","path":"/1"}]`, `error: index Out of bound, index is greater than 0`},
	{"remove with -", `[1]`, `[{"op":"remove","path":"/-"}]`, `error: Object operation on array target`},
	{"remove at a bad index", `[1,2]`, `[{"op":"remove","path":"/1e0"}]`, `error: Object operation on array target`},
	{"remove below a scalar", `{"A":1}`, `[{"op":"remove","path":"/A/B"}]`, `error: [REMOVE Operation] noSuchPath in source, path provided : //A/B`},
	{"remove the whole document", `{"A":1}`, `[{"op":"remove","path":""}]`, `error: [REMOVE Operation] path is empty`},

	// replace.
	{"replace a member", `{"A":1}`, `[{"op":"replace","path":"/A","value":{"B":1}}]`, `{"A":{"B":1}}`},
	{"replace with null", `{"A":1}`, `[{"op":"replace","path":"/A","value":null}]`, `{"A":null}`},
	{"replace a null", `{"A":null}`, `[{"op":"replace","path":"/A","value":1}]`, `{"A":1}`},
	{"replace in an array element", `[{"A":1}]`, `[{"op":"replace","path":"/0/A","value":2}]`, `[{"A":2}]`},
	{"replace an element", `[1,2]`, `[{"op":"replace","path":"/1","value":[3]}]`, `[1,[3]]`},
	{"replace an element by false", `[""]`, `[{"op":"replace","path":"/0","value":false}]`, `[false]`},
	{"replace the whole document", `{"A":1}`, `[{"op":"replace","path":"","value":[]}]`, `[]`},
	{"replace an absent member", `{"Behaviors":[{"Criteria":{}}]}`, `[{"op":"replace","path":"/Behaviors/0/Criteria/DurationSeconds","value":1}]`, `error: [REPLACE Operation] noSuchPath in source, path provided : //Behaviors/0/Criteria/DurationSeconds`},
	{"replace below an absent member", `{}`, `[{"op":"replace","path":"/A/B","value":1}]`, `error: [REPLACE Operation] noSuchPath in source, path provided: //A/B`},
	{"replace at the length", `[1]`, `[{"op":"replace","path":"/1","value":2}]`, `error: index Out of bound, index is greater than 0`},
	{"replace with -", `[1]`, `[{"op":"replace","path":"/-","value":2}]`, `error: Object operation on array target`},
	{"replace below a scalar", `{"A":"x"}`, `[{"op":"replace","path":"/A/B","value":1}]`, `error: [REPLACE Operation] noSuchPath in source, path provided : //A/B`},

	// move.
	{"move renames", `{"A":null}`, `[{"op":"move","from":"/A","path":"/B"}]`, `{"B":null}`},
	{"move to the same place changes nothing", `{"A":1}`, `[{"op":"move","from":"/A","path":"/A"}]`, `{"A":1}`},
	{"move between objects", `{"A":{"X":1},"B":{}}`, `[{"op":"move","from":"/A/X","path":"/B/Y"}]`, `{"A":{},"B":{"Y":1}}`},
	{"move within an array counts after the removal", `[1,2,3,4]`, `[{"op":"move","from":"/1","path":"/3"}]`, `[1,3,4,2]`},
	{"move from an object into an array", `{"A":[{"X":1}]}`, `[{"op":"move","from":"/A/0/X","path":"/A/1"}]`, `{"A":[{},1]}`},
	{"move over a member", `{"A":1,"B":2}`, `[{"op":"move","from":"/A","path":"/B"}]`, `{"B":1}`},
	{"move of an absent member", `{}`, `[{"op":"move","from":"/A","path":"/B"}]`, `error: [MOVE Operation] noSuchPath in source, path provided : //A`},
	{"move at a bad index", `{"A":[1]}`, `[{"op":"move","from":"/A/1e0","path":"/B"}]`, `error: Object operation on array target`},
	{"move into itself", `{"A":{"B":{}}}`, `[{"op":"move","from":"/A","path":"/A/B/C"}]`, `error: [MOVE Operation] noSuchPath in source, path provided: //A/B/C`},
	{"move of the whole document", `{"A":1}`, `[{"op":"move","from":"","path":"/B"}]`, `error: [MOVE Operation] path is empty`},

	// copy.
	{"copy duplicates", `{"A":{"X":1}}`, `[{"op":"copy","from":"/A","path":"/B"}]`, `{"A":{"X":1},"B":{"X":1}}`},
	{"copy takes null", `{"A":null}`, `[{"op":"copy","from":"/A","path":"/B"}]`, `{"A":null,"B":null}`},
	{"a copy lives on its own", `{"A":{"X":1}}`, `[{"op":"copy","from":"/A","path":"/B"},{"op":"replace","path":"/B/X","value":2}]`, `{"A":{"X":1},"B":{"X":2}}`},
	{"copy into an array inserts", `[1,2]`, `[{"op":"copy","from":"/1","path":"/0"}]`, `[2,1,2]`},
	{"copy of the whole document into itself", `{"A":1}`, `[{"op":"copy","from":"","path":"/B"}]`, `{"A":1,"B":{"A":1}}`},
	{"copy of an absent member", `{}`, `[{"op":"copy","from":"/A","path":"/B"}]`, `error: [COPY Operation] noSuchPath in source, path provided : //A`},
	{"copy to below an absent member", `{"A":1}`, `[{"op":"copy","from":"/A","path":"/B/C"}]`, `error: [COPY Operation] noSuchPath in source, path provided: //B/C`},

	// test.
	{"test finds an equal object whatever its order", `{"A":{"X":1,"Y":2}}`, `[{"op":"test","path":"/A","value":{"Y":2,"X":1}}]`, `{"A":{"X":1,"Y":2}}`},
	{"test compares numbers by value", `{"A":1.0}`, `[{"op":"test","path":"/A","value":1}]`, `{"A":1.0}`},
	{"test tells big numbers apart", `{"A":9007199254740993}`, `[{"op":"test","path":"/A","value":9007199254740992}]`, `error: [TEST Operation] value mismatch`},
	{"test finds null", `{"A":null}`, `[{"op":"test","path":"/A","value":null}]`, `{"A":null}`},
	{"test does not take absent for null", `{}`, `[{"op":"test","path":"/A","value":null}]`, `error: [TEST Operation] noSuchPath in source, path provided : //A`},
	{"test tells a number from its text", `{"A":10}`, `[{"op":"test","path":"/A","value":"10"}]`, `error: [TEST Operation] value mismatch`},
	{"test minds array order", `{"A":[1,2]}`, `[{"op":"test","path":"/A","value":[2,1]}]`, `error: [TEST Operation] value mismatch`},
	{"test looks at the whole document", `{"A":1}`, `[{"op":"test","path":"","value":{"A":1}}]`, `{"A":1}`},
	{"test at a bad index", `["a","b"]`, `[{"op":"test","path":"/1e0","value":"b"}]`, `error: Object operation on array target`},
	{"test with -", `[1]`, `[{"op":"test","path":"/-","value":1}]`, `error: Object operation on array target`},
	{"test below an absent member", `{}`, `[{"op":"test","path":"/A/B","value":1}]`, `error: [TEST Operation] noSuchPath in source, path provided: //A/B`},
	{"test below a scalar", `{"A":1}`, `[{"op":"test","path":"/A/B","value":1}]`, `error: [TEST Operation] parent is not a container in source, path provided : //A/B | node : number`},
	{"a failing test undoes everything", `{"A":1}`, `[{"op":"replace","path":"/A","value":2},{"op":"test","path":"/A","value":1}]`, `error: [TEST Operation] value mismatch`},

	// Names that need care.
	{"~1 is a slash", `{"a/b":1}`, `[{"op":"replace","path":"/a~1b","value":2}]`, `{"a/b":2}`},
	{"~0 is a tilde", `{"m~n":1}`, `[{"op":"replace","path":"/m~0n","value":2}]`, `{"m~n":2}`},
	{"~01 is ~1", `{"~1":1,"/":2}`, `[{"op":"test","path":"/~01","value":1}]`, `{"/":2,"~1":1}`},
	{"percent signs are not escapes", `{"c%41d":1}`, `[{"op":"replace","path":"/c%41d","value":2}]`, `{"c%41d":2}`},
	{"quotes and backslashes are names", `{"k\"l":6,"i\\j":5}`, `[{"op":"test","path":"/k\"l","value":6},{"op":"test","path":"/i\\j","value":5}]`, `{"i\\j":5,"k\"l":6}`},
	{"a space is a name", `{" ":7}`, `[{"op":"remove","path":"/ "}]`, `{}`},
	{"1e0 is a name in an object", `{"1e0":1}`, `[{"op":"test","path":"/1e0","value":1}]`, `{"1e0":1}`},
	{"names need not be ASCII", `{"Größe":1}`, `[{"op":"replace","path":"/Größe","value":2}]`, `{"Größe":2}`},
}

func TestPatch(t *testing.T) {
	for _, c := range patchCases {
		t.Run(c.name, func(t *testing.T) {
			before := doc(t, c.doc)
			result, err := ApplyPatch(before, []byte(c.patch))
			got := "error: " + errorText(err)
			if err == nil {
				got = string(Encode(result))
			} else if e, ok := err.(*Error); !ok || e.Kind != Invalid {
				t.Errorf("%#v is not an Error of kind Invalid", err)
			}
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if !Equal(before, doc(t, c.doc)) {
				t.Errorf("the document was changed to %s", Encode(before))
			}
		})
	}
}

func TestAPatchCannotFillTheMemory(t *testing.T) {
	grow := strings.Repeat(`{"op":"copy","from":"/A","path":"/A/-"},{"op":"copy","from":"/A","path":"/A/-"},`, 50)
	_, err := ApplyPatch(doc(t, `{"A":[1,2,3]}`), []byte(`[`+strings.TrimSuffix(grow, ",")+`]`))
	if err == nil {
		t.Error("a hundred copies of a document into itself pass")
	}
}

func TestAPatchCannotNestDeeperThanADocument(t *testing.T) {
	deep := strings.Repeat(`{"A":`, MaxDepth-1) + `{}` + strings.Repeat(`}`, MaxDepth-1)
	path := strings.Repeat(`/A`, MaxDepth-1) + `/B`
	for value, fits := range map[string]bool{`1`: true, `{}`: false} {
		_, err := ApplyPatch(doc(t, deep), []byte(`[{"op":"add","path":"`+path+`","value":`+value+`}]`))
		if fits != (err == nil) {
			t.Errorf("adding %s at the deepest level: %v", value, err)
		}
	}
}

// Whatever the patch, the input stays and a result survives a round trip.
func TestPatchNeverChangesItsInput(t *testing.T) {
	names := rapid.SampledFrom([]string{"/A", "/B", "/A/0", "/A/-", "/A/1", "/B/C", "/C", "", "/A/0/X"})
	operations := rapid.SampledFrom([]string{"add", "remove", "replace", "move", "copy", "test"})
	values := rapid.SampledFrom([]string{`1`, `[]`, `{"X":[1]}`, `[{"X":2}]`, `null`})
	rapid.Check(t, func(t *rapid.T) {
		var ops []string
		for range rapid.IntRange(1, 6).Draw(t, "operations") {
			ops = append(ops, `{"op":"`+operations.Draw(t, "op")+`","path":"`+names.Draw(t, "path")+`","from":"`+
				names.Draw(t, "from")+`","value":`+values.Draw(t, "value")+`}`)
		}
		const text = `{"A":[{"X":1},[2]],"B":{"C":{"D":[3]}}}`
		before, _ := Decode([]byte(text))
		result, err := ApplyPatch(before, []byte("["+strings.Join(ops, ",")+"]"))
		if string(Encode(before)) != text {
			t.Fatalf("the input is now %s", Encode(before))
		}
		if err == nil {
			if again, err := Decode(Encode(result)); err != nil || !Equal(again, result) {
				t.Fatalf("%s does not survive: %v", Encode(result), err)
			}
		}
	})
}
