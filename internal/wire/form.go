package wire

import (
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"

	"example.org/groundcontrol/internal/control"
)

// form is the members of a call of the query protocol, by their whole names, such as
// Foo.member.1.Bar. A name that others begin with, such as Foo, is in it too.
type form map[string]string

// The bounds of a form: no call of ours comes near them.
const (
	maxPairs = 1000
	maxName  = 256
)

var errForm = &control.Error{Name: "MalformedQueryString", Text: "The query string has a pair that cannot be decoded, a name that is too long, or too many pairs."}

// readForm reads forms; of a name given twice the first value counts.
func readForm(texts ...string) (form, error) {
	f := form{}
	for _, text := range texts {
		for more := text != ""; more; {
			var pair string
			pair, text, more = strings.Cut(text, "&")
			if pair == "" {
				continue
			}
			name, value, _ := strings.Cut(pair, "=")
			name, nameErr := url.QueryUnescape(name)
			value, valueErr := url.QueryUnescape(value)
			if nameErr != nil || valueErr != nil || len(name) > maxName || len(f) > maxPairs {
				return nil, errForm
			}
			if _, twice := f[name]; !twice {
				f[name] = value
			}
			for i, c := range name {
				if _, known := f[name[:i]]; c == '.' && !known {
					f[name[:i]] = ""
				}
			}
		}
	}
	return f, nil
}

// fill sets the fields of a struct to the members of their names; prefix is "" or ends with a
// dot. Fields are of the kinds that inputs of control have.
func (f form) fill(prefix string, into reflect.Value) error {
	for i := range into.NumField() {
		if err := f.set(prefix+into.Type().Field(i).Name, into.Field(i)); err != nil {
			return err
		}
	}
	return nil
}

func (f form) set(name string, field reflect.Value) error {
	text, given := f[name]
	if !given {
		return nil
	}
	switch into := field.Addr().Interface().(type) {
	case *string:
		*into = text
		return nil
	case *int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return &control.Error{Name: "ValidationException", Text: name + " must be an integer"}
		}
		*into = n
		return nil
	}
	switch field.Kind() {
	case reflect.Pointer:
		field.Set(reflect.New(field.Type().Elem()))
		return f.set(name, field.Elem())
	case reflect.Slice:
		for n := 1; ; n++ {
			at := name + ".member." + strconv.Itoa(n)
			if _, given := f[at]; !given {
				return nil
			}
			one := reflect.New(field.Type().Elem()).Elem()
			if err := f.set(at, one); err != nil {
				return err
			}
			field.Set(reflect.Append(field, one))
		}
	case reflect.Struct:
		return f.fill(name+".", field)
	}
	return nil // no input has such a field; a test fills them all
}

// appendXML appends v as an element. Empty texts and times, and nil pointers, are left out;
// lists are there even if nothing is in them.
func appendXML(b []byte, name string, v reflect.Value) []byte {
	switch value := v.Interface().(type) {
	case string:
		if value == "" {
			return b
		}
		return appendElement(b, name, value)
	case bool:
		return appendElement(b, name, strconv.FormatBool(value))
	case time.Time:
		if value.IsZero() {
			return b
		}
		return appendElement(b, name, value.UTC().Format("2006-01-02T15:04:05.000Z"))
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return b
		}
		return appendXML(b, name, v.Elem())
	case reflect.Slice:
		b = appendTag(b, "<", name)
		for i := range v.Len() {
			b = appendXML(b, "member", v.Index(i))
		}
		return appendTag(b, "</", name)
	case reflect.Struct:
		b = appendTag(b, "<", name)
		for i := range v.NumField() {
			b = appendXML(b, v.Type().Field(i).Name, v.Field(i))
		}
		return appendTag(b, "</", name)
	}
	return b // no output has such a field
}

func appendTag(b []byte, open, name string) []byte {
	b = append(b, open...)
	b = append(b, name...)
	return append(b, '>')
}
