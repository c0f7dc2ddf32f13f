package auth

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
)

// Key is a permanent access key and the principal it stands for.
type Key struct {
	AccessKeyID     string `json:"accessKeyId"`
	SecretAccessKey string `json:"secretAccessKey"`
	Account         string `json:"account"` // 12 digits
	Arn             string `json:"arn"`     // of the principal; its account part is Account
	UserID          string `json:"userId"`
}

// String returns the access key id only, so that a printed key does not give its secret away.
func (k Key) String() string { return k.AccessKeyID }

// GoString does the same for %#v.
func (k Key) GoString() string { return "auth.Key(" + k.AccessKeyID + ")" }

// LogValue does the same for logs.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.AccessKeyID) }

// Keys is a set of keys. It does not change once made and is safe for concurrent use.
type Keys struct {
	all  []Key
	byID map[string]Key
}

// NewKeys returns the set of the given keys. A key without Arn gets that of its account's root, one
// without UserID gets the account, as AWS has it for root. An empty set, a malformed key or an id used
// twice is an error that tells what to change; no error shows a secret.
func NewKeys(keys ...Key) (*Keys, error) {
	if len(keys) == 0 {
		return nil, errors.New("holds no key; add one")
	}
	set := &Keys{all: slices.Clone(keys), byID: make(map[string]Key, len(keys))}
	for i := range set.all {
		k := &set.all[i]
		if err := k.complete(); err != nil {
			return nil, fmt.Errorf("key %d: %w", i+1, err)
		}
		if _, ok := set.byID[k.AccessKeyID]; ok {
			return nil, fmt.Errorf("key %d: access key id %q is used twice; remove one of the two", i+1, k.AccessKeyID)
		}
		set.byID[k.AccessKeyID] = *k
	}
	return set, nil
}

// Lookup returns the key with the given access key id.
func (ks *Keys) Lookup(id string) (Key, bool) {
	k, ok := ks.byID[id]
	return k, ok
}

// All returns the keys in the order of the file. The first is the one to show to a new user.
func (ks *Keys) All() []Key { return slices.Clone(ks.all) }

// complete checks k and fills in what may be left out.
func (k *Key) complete() error {
	if !isKeyID(k.AccessKeyID) {
		return fmt.Errorf("access key id %q must be 16 to 128 letters and digits", k.AccessKeyID)
	}
	if k.SecretAccessKey == "" {
		return fmt.Errorf("%s has no secret access key; write one or remove the key", k.AccessKeyID)
	}
	if !isAccount(k.Account) {
		return fmt.Errorf("%s has account %q; write 12 digits in quotes", k.AccessKeyID, k.Account)
	}
	if k.Arn == "" {
		k.Arn = rootArn(k.Account)
	}
	// Terraform and Pulumi take partition and account out of the ARN that GetCallerIdentity answers.
	if part := strings.SplitN(k.Arn, ":", 6); len(part) != 6 || part[0] != "arn" || part[1] == "" || part[4] != k.Account || part[5] == "" {
		return fmt.Errorf("%s has arn %q; write one of account %s, such as %s", k.AccessKeyID, k.Arn, k.Account, rootArn(k.Account))
	}
	if k.UserID == "" {
		k.UserID = k.Account
	}
	return nil
}

func isKeyID(s string) bool {
	return len(s) >= 16 && len(s) <= 128 && !strings.ContainsFunc(s, func(c rune) bool {
		return !('A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9')
	})
}

func isAccount(s string) bool {
	return len(s) == 12 && !strings.ContainsFunc(s, func(c rune) bool { return c < '0' || c > '9' })
}
