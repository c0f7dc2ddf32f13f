package main_test

import (
	"archive/zip"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol/types"
	"github.com/aws/smithy-go"

	"example.org/groundcontrol/internal/schema"
	gen "example.org/groundcontrol/internal/schema/sample"
)

var (
	allTypes  = flag.Bool("all-types", false, "drive every type of the corpus, not one in forty, and write docs/type-coverage.md")
	typesSeed = flag.Uint64("types-seed", 1, "seed of the desired states")
	oneType   = flag.String("one-type", "", "drive this type only")
)

// corpus holds schemas as AWS publishes them, outside of this repository.
var corpus = filepath.Join("..", "..", "..", "shared", "schemas", "CloudformationSchema.zip")

func publishedSchemas(t *testing.T) []*schema.Schema {
	t.Helper()
	archive, err := zip.OpenReader(corpus)
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("put AWS's CloudformationSchema.zip at %s to run this", corpus)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	var all []*schema.Schema
	for _, f := range archive.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		s, _, err := schema.Parse(text)
		if err != nil {
			t.Errorf("%s: %v", f.Name, err)
			continue
		}
		all = append(all, s)
	}
	return all
}

// The outcomes of driving a type, the best first.
const (
	flawless   = "clean"
	noHandlers = "not provisionable: the schema has no create, read and delete"
	notListed  = "clean, but not listed: its list asks for a value of another form than its own property has"
	noSample   = "no desired state could be made up"
	failing    = "a check failed"
)

// driven is what came of one type.
type driven struct {
	name, outcome string
	why           []string
	changed       int // properties
	refused       int // create-only properties whose change was refused
	objects       int // read-only properties that were not made up
}

// TestPublishedTypesLive imports AWS's schemas and takes a resource of each type through
// its life with AWS's SDK.
func TestPublishedTypesLive(t *testing.T) {
	all := publishedSchemas(t)
	s := start(t)
	path, err := filepath.Abs(corpus) // the program runs elsewhere
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	r := groundcontrol(t, "type", "import", "--data", s.data, path)
	if r.code != 0 {
		t.Fatalf("import: exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	t.Logf("import: %s in %v", strings.TrimSpace(r.stdout), time.Since(began).Round(time.Millisecond))
	every := 40
	if *allTypes || *oneType != "" {
		every = 1
	}
	results := make([]driven, len(all))
	next := make(chan int)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range next {
				results[i] = drive(t.Context(), s, all[i])
			}
		})
	}
	for i, sch := range all {
		if i%every == 0 && (*oneType == "" || sch.TypeName == *oneType) {
			next <- i
		}
	}
	close(next)
	wg.Wait()
	results = slices.DeleteFunc(results, func(d driven) bool { return d.name == "" })
	report := coverage(results)
	t.Logf("\n%s", report)
	if status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid)); err == nil { // Linux
		_, rest, _ := strings.Cut(string(status), "VmRSS:")
		resident, _, _ := strings.Cut(strings.TrimSpace(rest), "\n")
		t.Logf("the server is resident with %s after %d types", resident, len(results))
	}
	for _, d := range results {
		if d.outcome == failing {
			t.Errorf("%s: %s", d.name, strings.Join(d.why, "; "))
		}
	}
	if *allTypes {
		if err := os.WriteFile(filepath.Join("..", "..", "docs", "type-coverage.md"), []byte(report), 0o644); err != nil {
			t.Error(err)
		}
	}
}

// coverage is the report, in Markdown.
func coverage(results []driven) string {
	slices.SortFunc(results, func(a, b driven) int { return cmp.Compare(a.name, b.name) })
	count := map[string]int{}
	var changed, refused, objects int
	for _, d := range results {
		count[d.outcome]++
		changed += d.changed
		refused += d.refused
		objects += d.objects
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# Which of AWS's types work\n\n")
	fmt.Fprintf(&b, "Written by `make test-types`: each type of AWS's published schemas is imported, and a resource of it with a desired state\n"+
		"made up from its schema goes through create, status, get, update of each property that may change, list and delete, by AWS's SDK.\n"+
		"Checked: the model shows what was set, read-only properties are there, nothing write-only is, a second read is the same, and a\n"+
		"change of a create-only property is refused.\n\n")
	fmt.Fprintf(&b, "| outcome | types |\n|---|---|\n")
	for _, outcome := range []string{flawless, notListed, noHandlers, noSample, failing} {
		fmt.Fprintf(&b, "| %s | %d |\n", outcome, count[outcome])
	}
	fmt.Fprintf(&b, "| all | %d |\n\n%d properties were changed, %d changes of create-only ones refused. %d read-only properties\n"+
		"that hold only optional objects, or alternatives, were left out by the simulation.\n", len(results), changed, refused, objects)
	for _, outcome := range []string{notListed, noHandlers, noSample, failing} {
		if count[outcome] == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n## %s\n", strings.ToUpper(outcome[:1])+outcome[1:])
		for _, d := range results {
			if d.outcome == outcome {
				fmt.Fprintf(&b, "- %s", d.name)
				if len(d.why) > 0 {
					fmt.Fprintf(&b, ": %s", strings.Join(d.why, "; "))
				}
				b.WriteString("\n")
			}
		}
	}
	return b.String()
}

// driver takes one resource through its life and notes what is wrong.
type driver struct {
	*cloudcontrol.Client
	ctx    context.Context
	schema *schema.Schema
	rnd    *rand.Rand
	driven
}

func drive(ctx context.Context, s *server, sch *schema.Schema) driven {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	d := &driver{
		Client: cloudcontrol.NewFromConfig(config(s, s.key, region)), ctx: ctx, schema: sch,
		rnd: rand.New(rand.NewPCG(*typesSeed, uint64(len(sch.TypeName)))), driven: driven{name: sch.TypeName},
	}
	if outcome := d.live(); d.outcome == "" || outcome != flawless {
		d.outcome = outcome
	}
	if len(d.why) > 0 && d.outcome != noSample {
		d.outcome = failing
	}
	return d.driven
}

func (d *driver) wrong(format string, args ...any) {
	if len(d.why) < 3 {
		d.why = append(d.why, fmt.Sprintf(format, args...))
	}
}

func (d *driver) live() string {
	desired, err := gen.Random(d.schema, d.rnd)
	if err != nil {
		d.wrong("%v", err)
		return noSample
	}
	d.listable(desired)
	for _, a := range []schema.Action{schema.Create, schema.Read, schema.Delete} {
		if !d.schema.Supports(a) {
			return d.unsupported(a, desired)
		}
	}
	e := d.end(d.create(desired))
	if e == nil || e.Identifier == nil {
		d.wrong("created without an identifier")
		return failing
	}
	id := *e.Identifier
	model := d.get(id)
	if model == nil {
		return failing
	}
	if again := d.get(id); !schema.Equal(model, again) {
		d.wrong("a second read differs")
	}
	d.echo("create", desired, model)
	d.readOnly(model)
	d.createOnly(id, desired)
	d.updates(id, desired)
	d.list(id, desired)
	if d.end(d.remove(id)) == nil {
		return failing
	}
	if _, err := d.GetResource(d.ctx, &cloudcontrol.GetResourceInput{TypeName: &d.name, Identifier: &id}); !isError(err, "ResourceNotFoundException") {
		d.wrong("after the delete: %v", err)
	}
	return flawless
}

// listable gives the resource what a list of its type asks for.
func (d *driver) listable(desired map[string]any) {
	for _, name := range d.listed() {
		if _, set := desired[name]; set || topLevel(d.schema.ReadOnly)[name] {
			continue
		}
		if v, ok := gen.Change(d.schema, desired, name, d.rnd); ok {
			desired[name] = v
		}
	}
}

// listed are the properties that a list of the type asks for, of alternatives the first.
func (d *driver) listed() []string {
	asked, ok := d.schema.ListModel()
	if !ok {
		return nil
	}
	names := asked.Required
	_, some, one := asked.Combined()
	for _, ways := range [][]schema.Property{some, one} {
		if len(ways) > 0 {
			names = append(names, ways[0].Required...)
		}
	}
	return names
}

// unsupported checks how a type refuses an action that it has no handler for.
func (d *driver) unsupported(a schema.Action, desired map[string]any) string {
	var err error
	id := "x"
	switch a {
	case schema.Create:
		_, err = d.CreateResource(d.ctx, &cloudcontrol.CreateResourceInput{TypeName: &d.name, DesiredState: str(string(schema.Encode(desired)))})
	case schema.Read:
		_, err = d.GetResource(d.ctx, &cloudcontrol.GetResourceInput{TypeName: &d.name, Identifier: &id})
	default:
		_, err = d.DeleteResource(d.ctx, &cloudcontrol.DeleteResourceInput{TypeName: &d.name, Identifier: &id})
	}
	if !isError(err, "UnsupportedActionException") {
		d.wrong("%s: %v", a, err)
		return failing
	}
	return noHandlers
}

func isError(err error, name string) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == name
}

func (d *driver) create(desired map[string]any) *types.ProgressEvent {
	out, err := d.CreateResource(d.ctx, &cloudcontrol.CreateResourceInput{TypeName: &d.name, DesiredState: str(string(schema.Encode(desired)))})
	if err != nil {
		d.wrong("create: %v", err)
		return nil
	}
	return out.ProgressEvent
}

func (d *driver) remove(id string) *types.ProgressEvent {
	out, err := d.DeleteResource(d.ctx, &cloudcontrol.DeleteResourceInput{TypeName: &d.name, Identifier: &id})
	if err != nil {
		d.wrong("delete: %v", err)
		return nil
	}
	return out.ProgressEvent
}

// end waits for the success of a request; nil where there is none.
func (d *driver) end(e *types.ProgressEvent) *types.ProgressEvent {
	for e != nil && d.ctx.Err() == nil {
		switch e.OperationStatus {
		case types.OperationStatusSuccess:
			return e
		case types.OperationStatusFailed:
			d.wrong("%s failed: %s: %s", e.Operation, e.ErrorCode, *e.StatusMessage)
			return nil
		}
		out, err := d.GetResourceRequestStatus(d.ctx, &cloudcontrol.GetResourceRequestStatusInput{RequestToken: e.RequestToken})
		if err != nil {
			d.wrong("status: %v", err)
			return nil
		}
		e = out.ProgressEvent
	}
	return nil
}

func (d *driver) get(id string) map[string]any {
	out, err := d.GetResource(d.ctx, &cloudcontrol.GetResourceInput{TypeName: &d.name, Identifier: &id})
	if err != nil {
		d.wrong("get: %v", err)
		return nil
	}
	if *out.ResourceDescription.Identifier != id {
		d.wrong("get of %s gives %s", id, *out.ResourceDescription.Identifier)
	}
	v, err := schema.Decode([]byte(*out.ResourceDescription.Properties))
	model, ok := v.(map[string]any)
	if err != nil || !ok {
		d.wrong("the model is no object: %v", err)
	}
	return model
}

// echo checks that the model shows what was set, and nothing write-only.
func (d *driver) echo(after string, set, model map[string]any) {
	visible, _ := d.schema.WithoutReadOnly(d.schema.WithoutWriteOnly(set)).(map[string]any)
	named := topLevel(d.schema.PrimaryIdentifier)
	for name, want := range visible {
		if want == "" && (named[name] || name == "Name") {
			continue // no name: one is made
		}
		if !shows(model[name], want) && !d.emptied(name, want) {
			d.wrong("%s: %s is %s, set was %s", after, name, schema.Encode(model[name]), schema.Encode(want))
		}
	}
	if !schema.Equal(d.schema.WithoutWriteOnly(model), model) {
		d.wrong("%s: a write-only property is shown", after)
	}
}

// emptied reports whether all that a property could hold is write-only: whether an object
// without any of it is shown is then not said anywhere.
func (d *driver) emptied(name string, want any) bool {
	o, ok := want.(map[string]any)
	return ok && len(o) == 0 && slices.ContainsFunc(d.schema.WriteOnly, func(p schema.Pointer) bool { return p[0] == name })
}

// shows reports whether v has all of want; the service may add members to objects.
func shows(v, want any) bool {
	switch w := want.(type) {
	case map[string]any:
		o, ok := v.(map[string]any)
		for name, member := range w {
			ok = ok && shows(o[name], member)
		}
		return ok
	case []any:
		list, ok := v.([]any)
		if !ok || len(list) != len(w) {
			return false
		}
		for i := range w {
			if !shows(list[i], w[i]) {
				return false
			}
		}
		return true
	}
	return schema.Equal(v, want)
}

// readOnly checks that the read-only properties at the top are there, but for those that
// tell what went wrong, or have a value only where something else does.
func (d *driver) readOnly(model map[string]any) {
	hidden := topLevel(d.schema.WriteOnly)
	for _, p := range d.schema.ReadOnly {
		property, declared := d.schema.Property(p)
		if _, ok := model[p[0]]; ok || !declared || len(p) != 1 || hidden[p[0]] {
			continue
		}
		switch {
		case slices.ContainsFunc([]string{"Message", "Reason", "Reasons", "Error"}, func(end string) bool { return strings.HasSuffix(p[0], end) }):
		case d.featureOff(model, p[0]):
		case slices.Contains(property.Types, "object") && len(property.Required) == 0, property.MinItems != nil:
			d.objects++ // of more objects, or of alternatives
		default:
			d.wrong("read-only %s is missing", p[0])
		}
	}
}

// featureOff reports whether a property such as StreamArn belongs to one such as
// StreamSpecification that was not set.
func (d *driver) featureOff(model map[string]any, name string) bool {
	for _, end := range []string{"Arn", "Id", "Url", "Endpoint"} {
		feature, ok := strings.CutSuffix(name, end)
		for _, kind := range []string{"Specification", "Configuration", "Config", "Settings", "Options"} {
			if _, declared := d.schema.Property(schema.Pointer{feature + kind}); ok && declared && model[feature+kind] == nil {
				return true
			}
		}
	}
	return false
}

// topLevel are the properties that stand in a list of pointers themselves.
func topLevel(pointers []schema.Pointer) map[string]bool {
	all := map[string]bool{}
	for _, p := range pointers {
		all[p[0]] = all[p[0]] || len(p) == 1
	}
	return all
}

// createOnly checks that no create-only property can be changed.
func (d *driver) createOnly(id string, desired map[string]any) {
	if !d.schema.Supports(schema.Update) {
		return
	}
	readOnly, hidden := topLevel(d.schema.ReadOnly), topLevel(d.schema.WriteOnly)
	for name, whole := range topLevel(d.schema.CreateOnly) {
		if _, set := desired[name]; !set || !whole || readOnly[name] || hidden[name] {
			continue
		}
		v, ok := gen.Change(d.schema, desired, name, d.rnd)
		if !ok {
			continue
		}
		_, err := d.UpdateResource(d.ctx, &cloudcontrol.UpdateResourceInput{TypeName: &d.name, Identifier: &id, PatchDocument: add(name, v)})
		if !isError(err, "NotUpdatableException") {
			d.wrong("change of the create-only %s: %v", name, err)
		}
		d.refused++
	}
}

func add(name string, v any) *string {
	path := "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
	return str(string(schema.Encode([]any{map[string]any{"op": "add", "path": path, "value": v}})))
}

// updates changes each property that may change, one after the other.
func (d *driver) updates(id string, desired map[string]any) {
	if !d.schema.Supports(schema.Update) {
		return
	}
	now := maps.Clone(desired)
	fixed := topLevel(slices.Concat(d.schema.CreateOnly, d.schema.ReadOnly, d.schema.PrimaryIdentifier))
	for _, name := range d.schema.PropertyNames() {
		if _, some := fixed[name]; some {
			continue
		}
		v, ok := gen.Change(d.schema, now, name, d.rnd)
		if !ok {
			continue
		}
		out, err := d.UpdateResource(d.ctx, &cloudcontrol.UpdateResourceInput{TypeName: &d.name, Identifier: &id, PatchDocument: add(name, v)})
		if err != nil {
			d.wrong("update of %s to %s: %v", name, schema.Encode(v), err)
			continue
		}
		if d.end(out.ProgressEvent) == nil {
			continue
		}
		d.driven.changed++
		now[name] = v
		if model := d.get(id); model != nil {
			d.echo("update of "+name, now, model)
		}
	}
}

// list checks that the resource is listed.
func (d *driver) list(id string, desired map[string]any) {
	model := d.get(id)
	if !d.schema.Supports(schema.List) {
		return
	}
	in := &cloudcontrol.ListResourcesInput{TypeName: &d.name}
	filter := map[string]any{}
	for _, name := range d.listed() {
		var ok bool
		if filter[name], ok = model[name]; !ok {
			filter[name] = desired[name]
		}
	}
	if len(filter) > 0 {
		in.ResourceModel = str(string(schema.Encode(filter)))
	}
	if d.schema.ValidateList(filter) != nil {
		d.outcome = notListed
		return
	}
	out, err := d.ListResources(d.ctx, in)
	if err != nil {
		d.wrong("list: %v", err)
		return
	}
	if !slices.ContainsFunc(out.ResourceDescriptions, func(r types.ResourceDescription) bool { return *r.Identifier == id }) {
		d.wrong("it is not listed")
	}
}
