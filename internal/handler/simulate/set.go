package simulate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"example.org/groundcontrol/internal/follow"
	"example.org/groundcontrol/internal/store"
)

// behaviourKind is the kind of the documents that profiles are stored as, by type name.
const behaviourKind = "behaviour"

// ParseProfiles reads profiles by type name, such as {"AWS::S3::Bucket": {"create":
// {"duration": "8s"}}}. The name "*" is every type that has none of its own.
func ParseProfiles(text []byte) (map[string]Profile, error) {
	var types map[string]json.RawMessage
	if err := json.Unmarshal(text, &types); err != nil || types == nil {
		return nil, fmt.Errorf(`want a JSON object by type name, such as {"AWS::S3::Bucket": %s}`, profileExample)
	}
	all := map[string]Profile{}
	for _, name := range slices.Sorted(maps.Keys(types)) {
		if name != "*" && !isTypeName(name) {
			return nil, fmt.Errorf("%q is no type name, nor *", name)
		}
		p, err := ParseProfile(types[name])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all[name] = p
	}
	return all, nil
}

// Behaviours is the profiles of types: those that were set, which are kept in a store, so
// that every node goes by them and they outlive a restart; and where none was set for a
// type, those that the process was started with.
type Behaviours struct {
	docs store.Documents
	base map[string]Profile
	set  *follow.Documents[profileText]
}

type profileText struct {
	profile Profile
	text    json.RawMessage
}

// OpenBehaviours returns what was set in docs, and behind it base, by type name as of
// ParseProfiles. It sees what is set on other nodes while Run runs.
func OpenBehaviours(ctx context.Context, docs store.Documents, base map[string]Profile) (*Behaviours, error) {
	b := &Behaviours{docs: docs, base: base, set: follow.New(docs, behaviourKind, func(_ string, text []byte) (profileText, error) {
		p, err := ParseProfile(text)
		return profileText{p, text}, err
	})}
	if err := b.set.Refresh(ctx); err != nil {
		return nil, fmt.Errorf("simulate: %w", err)
	}
	return b, nil
}

// Run follows what is set on other nodes until ctx is done; failed is told of what goes wrong.
func (b *Behaviours) Run(ctx context.Context, failed func(error)) { b.set.Run(ctx, failed) }

// Profile is what a [Runtime] asks for; accounts and regions make no difference today.
func (b *Behaviours) Profile(_, _, typeName string) Profile {
	if is, revision := b.set.Get(typeName); revision > 0 {
		return is.profile
	}
	if p, ok := b.base[typeName]; ok {
		return p
	}
	return b.base["*"]
}

// Behaviour returns the profile of a type as JSON, nil where none was set.
func (b *Behaviours) Behaviour(typeName string) json.RawMessage {
	is, _ := b.set.Get(typeName)
	return is.text
}

// Set makes text the profile of a type; "" takes it away. problem says what is wrong with
// text, as ParseProfile does; then nothing has changed.
func (b *Behaviours) Set(ctx context.Context, typeName, text string) (problem string, err error) {
	var body bytes.Buffer
	if text != "" {
		if _, err := ParseProfile([]byte(text)); err != nil {
			return err.Error(), nil
		}
		if err := json.Compact(&body, []byte(text)); err != nil {
			return err.Error(), nil
		}
	}
	for range 10 {
		if err = b.set.Refresh(ctx); err != nil {
			break
		}
		_, revision := b.set.Get(typeName)
		err = b.docs.Write(ctx, []store.Document{{Kind: behaviourKind, Name: typeName, Body: body.Bytes(), Revision: revision}})
		if errors.Is(err, store.ErrStale) {
			continue // it was set elsewhere at the same time
		}
		if err == nil {
			err = b.set.Refresh(ctx)
		}
		break
	}
	if err != nil {
		err = fmt.Errorf("simulate: set a behaviour: %w", err)
	}
	return "", err
}
