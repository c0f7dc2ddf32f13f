package main_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol"
)

const secretType = "AWS::SecretsManager::Secret"

func TestAWriteOnlyValueIsKeptAndNeverShown(t *testing.T) {
	t.Parallel()
	s := start(t, "--simulate", secretType+"=update:200ms")
	c := s.client(t)
	secret := s.secret("correct horse battery staple")
	created := c.waited(c.create(secretType, `{"Name":"db","SecretString":"`+secret+`","Description":"one"}`))
	id := *created.Identifier

	// A write-only value that is sent again is a difference only where it was lost. The
	// simulation of an update that changes something takes two calls, of another one.
	wantCalls := func(what, patch string, want float64) {
		t.Helper()
		e := c.waited(c.update(secretType, id, patch))
		if got := member(t, s.steered("show", *e.RequestToken, "-o", "json"), "Request", "Attempts"); got != want {
			t.Errorf("%s: %v calls, want %v", what, got, want)
		}
		wantDiff(t, what, decoded(t, e.ResourceModel), c.get(secretType, id))
	}
	same := func(when string) {
		t.Helper()
		wantCalls("the same value "+when, `[{"op":"add","path":"/SecretString","value":"`+secret+`"}]`, 1)
	}
	took := func(what, patch string) {
		t.Helper()
		wantCalls(what, patch, 2)
	}
	same("after the create")
	took("an unrelated update", `[{"op":"replace","path":"/Description","value":"two"}]`)
	same("after an unrelated update")
	if got := c.get(secretType, id)["Description"]; got != "two" {
		t.Errorf("the update is lost: %v", got)
	}
	s.kill9()
	s.restart()
	c = s.client(t)
	same("after a crash")
	next := s.secret("another secret")
	took("another value", `[{"op":"add","path":"/SecretString","value":"`+next+`"}]`)
	took("the first value again", `[{"op":"add","path":"/SecretString","value":"`+secret+`"}]`)
	took("forgetting it", `[{"op":"add","path":"/SecretString","value":null}]`)
	took("the value after it was forgotten", `[{"op":"add","path":"/SecretString","value":"`+secret+`"}]`)

	list, err := c.ListResources(t.Context(), &cloudcontrol.ListResourcesInput{TypeName: str(secretType)})
	if err != nil {
		t.Fatal(err)
	}
	shown := *list.ResourceDescriptions[0].Properties
	for _, e := range c.requests() {
		shown += describe(&e)
	}
	if strings.Contains(shown, secret) || strings.Contains(shown, "SecretString") {
		t.Errorf("the secret is shown: %s", shown)
	}
	if s.fileHas(secret) {
		t.Error("the secret is in the data directory as plain text")
	}
}

func TestAWriteOnlyPropertyTakesNothingButAnAdd(t *testing.T) {
	t.Parallel()
	c := start(t).client(t)
	id := *c.waited(c.create(secretType, `{"Name":"db","SecretString":"a","Description":"d"}`)).Identifier
	const secretString = "Invalid patch update: writeOnlyProperties [/SecretString] can only be updated using 'add' operation"
	for patch, want := range map[string]string{
		`[{"op":"replace","path":"/SecretString","value":"b"}]`:              secretString,
		`[{"op":"remove","path":"/SecretString"}]`:                           secretString,
		`[{"op":"test","path":"/SecretString","value":"a"}]`:                 secretString,
		`[{"op":"copy","from":"/SecretString","path":"/Description"}]`:       secretString,
		`[{"op":"move","from":"/SecretString","path":"/Description"}]`:       secretString,
		`[{"op":"copy","from":"/Description","path":"/SecretString"}]`:       secretString,
		`[{"op":"replace","path":"/GenerateSecretString/X","value":"test"}]`: strings.Replace(secretString, "SecretString", "GenerateSecretString", 1),
	} {
		t.Run(patch, func(t *testing.T) { wantInvalid(t, c.tryPatch(secretType, id, patch), want) })
	}
}

func TestAWriteOnlyCreateOnlyPropertyMayBeSentAgain(t *testing.T) {
	t.Parallel()
	c := start(t).client(t)
	const table, source = "AWS::DynamoDB::Table", `{"S3BucketSource":{"S3Bucket":"b"},"InputFormat":"CSV"}`
	c.waited(c.create(table, `{"TableName":"t1x","KeySchema":[],"ImportSourceSpecification":`+source+`}`))
	c.waited(c.update(table, "t1x", `[{"op":"add","path":"/ImportSourceSpecification","value":`+source+`},{"op":"add","path":"/BillingMode","value":"PAY_PER_REQUEST"}]`))
	if got := c.get(table, "t1x"); got["BillingMode"] != "PAY_PER_REQUEST" || got["ImportSourceSpecification"] != nil {
		t.Errorf("read: %v", got)
	}
	wantRefusal(t, c.tryPatch(table, "t1x", `[{"op":"add","path":"/ImportSourceSpecification","value":`+strings.Replace(source, "CSV", "ION", 1)+`}]`),
		"NotUpdatableException", "Invalid patch update: createOnlyProperties [/properties/ImportSourceSpecification] cannot be updated")
}

func TestAStoreIsOpenedWithItsOwnKeyOnly(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.stop()
	file := filepath.Join(s.data, "secret.key")
	key, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(want string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		out, err := exec.CommandContext(ctx, binary, "serve", "--data", s.data, "--listen", "127.0.0.1:0").CombinedOutput()
		if err == nil || !strings.Contains(string(out), want) || !strings.Contains(string(out), "restore it from a backup") {
			t.Errorf("%v: %s, want %q", err, out, want)
		}
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	refused("is missing")
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("another key is left behind: %v", err)
	}
	for content, want := range map[string]string{strings.Repeat("k", len(key)): "is another key", "short": "holds 5 bytes"} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		refused(want)
	}
	if err := os.WriteFile(file, key, 0o600); err != nil {
		t.Fatal(err)
	}
	s.restart()
}
