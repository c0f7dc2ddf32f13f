package wire

import (
	"encoding/json"
	"time"

	"example.org/groundcontrol/internal/control"
	"example.org/groundcontrol/internal/registry"
)

// The operations on types are for operators, who make few of them: their answers are
// written by package json.

func importMembers(s *scanner, in *control.ImportTypesInput) {
	s.object(func(name []byte) {
		if string(name) == "Schemas" {
			in.Schemas = s.texts()
		} else {
			s.skip()
		}
	})
}

func putCodeMembers(s *scanner, in *control.PutCodeInput) {
	s.object(func(name []byte) {
		switch string(name) {
		case "Digest":
			in.Digest = s.text()
		case "Part":
			in.Part = s.integer()
		case "Data":
			in.Data = s.text()
		default:
			s.skip()
		}
	})
}

func registerMembers(s *scanner, in *control.RegisterTypeInput) {
	s.object(func(name []byte) {
		switch string(name) {
		case "Schema":
			in.Schema = s.text()
		case "Digest":
			in.Digest = s.text()
		case "Parts":
			in.Parts = s.integer()
		case "Runtime":
			in.Runtime = s.text()
		case "Handler":
			in.Handler = s.text()
		case "Command":
			in.Command = s.texts()
		case "Endpoint":
			in.Endpoint = s.text()
		case "Function":
			in.Function = s.text()
		case "ConfigurationSchema":
			in.ConfigurationSchema = s.text()
		default:
			s.skip()
		}
	})
}

func listTypesMembers(s *scanner, _ *control.ListTypesInput) { s.skip() }

func describeTypeMembers(s *scanner, in *control.DescribeTypeInput) {
	s.object(func(name []byte) {
		switch string(name) {
		case "TypeName":
			in.TypeName = s.text()
		case "TypeVersionId":
			in.TypeVersionId = s.text()
		default:
			s.skip()
		}
	})
}

func typeVersionMembers(s *scanner, in *control.TypeVersionInput) {
	describeTypeMembers(s, (*control.DescribeTypeInput)(in))
}

func configureMembers(s *scanner, in *control.ConfigureTypeInput) {
	s.object(func(name []byte) {
		switch string(name) {
		case "TypeName":
			in.TypeName = s.text()
		case "Configuration":
			in.Configuration = s.text()
		default:
			s.skip()
		}
	})
}

func simulateMembers(s *scanner, in *control.SimulateTypeInput) {
	s.object(func(name []byte) {
		switch string(name) {
		case "TypeName":
			in.TypeName = s.text()
		case "Behaviour":
			in.Behaviour = s.text()
		default:
			s.skip()
		}
	})
}

// appendJSON appends v, which can always be encoded.
func appendJSON(b []byte, v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // a type of ours with a field that JSON has no form for
	}
	return append(b, text...)
}

type importedType struct {
	TypeName      string   `json:",omitempty"`
	TypeVersionId string   `json:",omitempty"`
	Outcome       string   // NEW, CHANGED, UNCHANGED or REFUSED
	Problems      []string `json:",omitempty"`
}

func appendImported(b []byte, all []registry.Imported) []byte {
	types := make([]importedType, len(all))
	for i, t := range all {
		types[i] = importedOf(t)
	}
	return appendJSON(b, struct{ Types []importedType }{types})
}

func importedOf(t registry.Imported) importedType {
	return importedType{t.TypeName, t.Version, string(t.Outcome), t.Problems}
}

func appendRegistered(b []byte, t registry.Imported) []byte {
	return appendJSON(b, struct{ Type importedType }{importedOf(t)})
}

func appendNothing(b []byte, _ struct{}) []byte { return append(b, "{}"...) }

type typeVersion struct {
	TypeVersionId string
	ImportedAt    string `json:",omitempty"` // RFC 3339; absent for what is built in
	IsDefault     bool
}

type typeSummary struct {
	TypeName         string
	DefaultVersionId string
	Versions         []typeVersion
}

func summaryOf(t registry.Summary) typeSummary {
	s := typeSummary{TypeName: t.Name, DefaultVersionId: t.Version}
	for _, v := range t.Versions {
		is := typeVersion{TypeVersionId: v.ID, IsDefault: v.ID == t.Version}
		if !v.Imported.IsZero() {
			is.ImportedAt = v.Imported.UTC().Format(time.RFC3339)
		}
		s.Versions = append(s.Versions, is)
	}
	return s
}

func appendTypes(b []byte, all []registry.Summary) []byte {
	types := make([]typeSummary, len(all))
	for i, t := range all {
		types[i] = summaryOf(t)
	}
	return appendJSON(b, struct{ Types []typeSummary }{types})
}

func appendTypeDetail(b []byte, d control.TypeDetail) []byte {
	return appendJSON(b, struct {
		typeSummary
		TypeVersionId string
		Runtime       string
		Schema        string          // JSON text
		Behaviour     json.RawMessage `json:",omitempty"`
		Endpoint      string          `json:",omitempty"`
		Function      string          `json:",omitempty"`
	}{summaryOf(d.Summary), d.Described, d.Runtime, d.Schema, d.Behaviour, d.Endpoint, d.Function})
}
