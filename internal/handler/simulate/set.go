package simulate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"example.org/groundcontrol/internal/follow"
	"example.org/groundcontrol/internal/store"
)

// behaviourKind is the kind of the documents that profiles are stored as, by type name.
const behaviourKind = "behaviour"

// Behaviours is the profiles that were set. They are kept in a store, so that every node
// goes by them and they outlive a restart.
type Behaviours struct {
	docs store.Documents
	set  *follow.Documents[profileText]
}

type profileText struct {
	profile Profile
	text    json.RawMessage
}

// OpenBehaviours returns what was set in docs. It sees what is set on other nodes while
// Run runs.
func OpenBehaviours(ctx context.Context, docs store.Documents) (*Behaviours, error) {
	b := &Behaviours{docs: docs, set: follow.New(docs, behaviourKind, func(_ string, text []byte) (profileText, error) {
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
	is, _ := b.set.Get(typeName)
	return is.profile
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
