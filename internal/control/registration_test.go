package control

import (
	"fmt"
	"testing"

	"example.org/groundcontrol/internal/store/memory"
)

func TestTheLastRegistrationsAreRemembered(t *testing.T) {
	c := &CloudFormation{Control: &Control{Store: new(memory.Store)}}
	who := Caller{Account: "123456789012", Region: "us-east-1"}
	const more = 5
	for n := range maxRegistrations + more {
		r := registration{Token: fmt.Sprint("token-", n), TypeName: "My::Org::Thing", Status: failedStatus}
		if n == maxRegistrations {
			r.TypeName, r.Status, r.Version = "My::Org::Other", complete, "00000001"
		}
		if err := c.remember(t.Context(), who, r); err != nil {
			t.Fatal(err)
		}
	}
	describe := func(who Caller, token string) error {
		_, err := c.DescribeTypeRegistration(t.Context(), who, CFNDescribeTypeRegistrationInput{&token})
		return err
	}
	if err := describe(who, fmt.Sprint("token-", more-1)); err == nil {
		t.Error("one too many is remembered")
	}
	if err := describe(who, fmt.Sprint("token-", more)); err != nil {
		t.Errorf("the oldest of the last: %v", err)
	}
	if err := describe(Caller{Account: "999999999999", Region: who.Region}, fmt.Sprint("token-", more)); err == nil {
		t.Error("another account sees it")
	}

	most, all := 30, []string{}
	in := CFNListTypeRegistrationsInput{MaxResults: &most}
	for pages := 0; ; pages++ {
		out, err := c.ListTypeRegistrations(t.Context(), who, in)
		if err != nil || pages > 5 || len(out.RegistrationTokenList) > most {
			t.Fatalf("page %d: %+v, %v", pages, out, err)
		}
		all = append(all, out.RegistrationTokenList...)
		if out.NextToken == "" {
			break
		}
		in.NextToken = &out.NextToken
	}
	if len(all) != maxRegistrations || all[0] != fmt.Sprint("token-", maxRegistrations+more-1) || all[len(all)-1] != fmt.Sprint("token-", more) {
		t.Errorf("%d tokens, %v", len(all), all)
	}
	for what, in := range map[string]CFNListTypeRegistrationsInput{
		"by status": {RegistrationStatusFilter: &[]string{complete}[0]}, "by name": {TypeName: &[]string{"My::Org::Other"}[0]},
		"by arn": {TypeArn: &[]string{"arn:aws:cloudformation:us-east-1:123456789012:type/resource/My-Org-Other"}[0]},
	} {
		out, err := c.ListTypeRegistrations(t.Context(), who, in)
		if err != nil || len(out.RegistrationTokenList) != 1 || out.RegistrationTokenList[0] != fmt.Sprint("token-", maxRegistrations) {
			t.Errorf("%s: %+v, %v", what, out, err)
		}
	}
}
