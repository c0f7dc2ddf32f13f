package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"example.org/groundcontrol/internal/schema"
	"example.org/groundcontrol/internal/store"
)

// configurationKind is the kind of the documents that configurations are kept in, by scope
// and type name. They hold secrets.
const configurationKind = store.SecretKind + "configuration"

var (
	// ErrNotConfigurable means that the type declares no configuration.
	ErrNotConfigurable = errors.New("registry: the type declares no configuration")
	// ErrNoConfiguration means that none is set.
	ErrNoConfiguration = errors.New("registry: no configuration is set")
)

// Configuration is what the handlers of a type are told in one account and region beside
// their resource, in all versions of the type that declare a configuration.
type Configuration struct {
	Text json.RawMessage // a JSON object; secret
	Set  time.Time
}

// Configure sets the configuration of a type in an account and region; a nil text removes
// it. Errors: ErrTypeNotFound; ErrNotConfigurable where the default version declares none; a
// [*schema.Error] where text is not as it declares, which holds no value of it; and for a
// removal ErrNoConfiguration.
func (r *Registry) Configure(ctx context.Context, account, region, name string, text []byte) error {
	var body []byte
	if text != nil {
		if err := r.checkConfiguration(ctx, account, region, name, text); err != nil {
			return err
		}
		var err error
		if body, err = json.Marshal(Configuration{text, time.Now().UTC().Truncate(time.Millisecond)}); err != nil {
			return fmt.Errorf("registry: configuration of %s: %w", name, err)
		}
	} else if _, err := r.Lookup(ctx, account, region, name, ""); err != nil {
		return err
	}
	d := store.Document{Kind: configurationKind, Name: scopeOf(account, region) + name, Body: body}
	for range 10 {
		now, err := r.docs.Document(ctx, d.Kind, d.Name)
		switch {
		case errors.Is(err, store.ErrNotFound) && body == nil:
			return ErrNoConfiguration
		case err != nil && !errors.Is(err, store.ErrNotFound):
			return fmt.Errorf("registry: configuration of %s: %w", name, err)
		}
		d.Revision = now.Revision
		if err = r.docs.Write(ctx, []store.Document{d}); errors.Is(err, store.ErrStale) {
			continue // somebody else was quicker
		}
		if err != nil {
			return fmt.Errorf("registry: configuration of %s: %w", name, err)
		}
		return nil
	}
	return fmt.Errorf("registry: others set the configuration of %s at the same time", name)
}

func (r *Registry) checkConfiguration(ctx context.Context, account, region, name string, text []byte) error {
	declared, err := r.ConfigurationSchema(ctx, account, region, name, "")
	if err != nil {
		return err
	}
	if declared == nil {
		return ErrNotConfigurable
	}
	s, err := schema.ParseConfiguration(declared)
	if err != nil {
		return fmt.Errorf("registry: configuration schema of %s: %w", name, err)
	}
	v, err := schema.Decode(text)
	if err != nil {
		return &schema.Error{Kind: schema.Invalid, Text: "The configuration is not JSON: " + err.Error()}
	}
	return s.Validate(v)
}

// ConfigurationSchema returns the schema of the configuration that a version of a type
// declares, nil for none. The errors are as for Lookup.
func (r *Registry) ConfigurationSchema(ctx context.Context, account, region, name, version string) ([]byte, error) {
	if _, err := r.Lookup(ctx, account, region, name, version); err != nil {
		return nil, err
	}
	v, _, err := r.find(scopeOf(account, region), name, version)
	if err != nil || v.Configuration == "" {
		return nil, err
	}
	d, err := r.docs.Document(ctx, schemaKind, v.Configuration)
	if err != nil {
		return nil, fmt.Errorf("registry: configuration schema of %s: %w", name, err)
	}
	return d.Body, nil
}

// Configuration returns what was set for a type in an account and region. Errors:
// ErrTypeNotFound, ErrNoConfiguration.
func (r *Registry) Configuration(ctx context.Context, account, region, name string) (c Configuration, err error) {
	if _, err := r.Lookup(ctx, account, region, name, ""); err != nil {
		return c, err
	}
	if r.docs == nil {
		return c, ErrNoConfiguration
	}
	d, err := r.docs.Document(ctx, configurationKind, scopeOf(account, region)+name)
	if errors.Is(err, store.ErrNotFound) {
		return c, ErrNoConfiguration
	}
	if err == nil {
		err = json.Unmarshal(d.Body, &c)
	}
	if err != nil {
		return c, fmt.Errorf("registry: configuration of %s: %w", name, err)
	}
	return c, nil
}

// HandlerConfiguration is what the handlers of a version are to be sent: nil where it
// declares no configuration, for some then refuse to be sent any, or where none is set. The
// errors are as for Lookup.
func (r *Registry) HandlerConfiguration(ctx context.Context, account, region, name, version string) (json.RawMessage, error) {
	t, err := r.Lookup(ctx, account, region, name, version)
	if err != nil || !t.Configurable {
		return nil, err
	}
	c, err := r.Configuration(ctx, account, region, name)
	if errors.Is(err, ErrNoConfiguration) {
		return nil, nil
	}
	return c.Text, err
}

// configurationsOf returns what removes the configurations of a type that goes: of the
// account and region that registered it, or, if all see it, of all that have none of their own
// of its name.
func (r *Registry) configurationsOf(ctx context.Context, document string) (gone []store.Document, err error) {
	if strings.Contains(document, "/") {
		d, err := r.docs.Document(ctx, configurationKind, document)
		if errors.Is(err, store.ErrNotFound) {
			return nil, nil
		}
		return []store.Document{{Kind: d.Kind, Name: d.Name, Revision: d.Revision}}, err
	}
	const page = 100
	for after := int64(0); ; {
		docs, err := r.docs.Changes(ctx, configurationKind, after, page)
		if err != nil {
			return nil, err
		}
		for _, d := range docs {
			after = d.Revision
			if _, private := r.imported.Get(d.Name); private == 0 && len(d.Body) > 0 && strings.HasSuffix(d.Name, "/"+document) {
				gone = append(gone, store.Document{Kind: d.Kind, Name: d.Name, Revision: d.Revision})
			}
		}
		if len(docs) < page {
			return gone, nil
		}
	}
}
