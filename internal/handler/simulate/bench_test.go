package simulate_test

import (
	"testing"
	"time"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/handler/simulate"
	"example.org/groundcontrol/internal/resource"
	"example.org/groundcontrol/internal/schema"
)

func BenchmarkCreate(b *testing.B) {
	for _, c := range []struct{ name, typ, desired string }{
		{"LogGroup", "AWS::Logs::LogGroup", `{"LogGroupName":"/app/web","RetentionInDays":30,"Tags":[{"Key":"team","Value":"a"}]}`},
		{"unnamed LogGroup", "AWS::Logs::LogGroup", `{}`},
		{"Bucket", "AWS::S3::Bucket", samples["AWS::S3::Bucket"].full},
		{"Table", "AWS::DynamoDB::Table", samples["AWS::DynamoDB::Table"].full},
	} {
		b.Run(c.name, func(b *testing.B) {
			r := &simulate.Runtime{Ledger: book{}}
			call := handler.Call{
				Action: schema.Create, Token: "0197a000-0000-7000-8000-000000000001", Account: account, Region: "eu-west-1",
				TypeName: c.typ, Schema: builtin(b, c.typ), Desired: []byte(c.desired), Now: time.Now(),
			}
			b.ReportAllocs()
			for b.Loop() {
				if a, err := r.Invoke(b.Context(), call); err != nil || a.Status != handler.Success {
					b.Fatal(a, err)
				}
			}
		})
	}
}

func BenchmarkRead(b *testing.B) {
	s := builtin(b, "AWS::S3::Bucket")
	key := resource.Key{Account: account, Region: "eu-west-1", TypeName: s.TypeName, Identifier: "my-bucket"}
	r := &simulate.Runtime{Ledger: book{key: {Key: key, Revision: 1, Model: []byte(samples[s.TypeName].full)}}}
	call := handler.Call{Action: schema.Read, Account: account, Region: "eu-west-1", TypeName: s.TypeName, Schema: s, Identifier: "my-bucket"}
	b.ReportAllocs()
	for b.Loop() {
		if a, err := r.Invoke(b.Context(), call); err != nil || a.Status != handler.Success {
			b.Fatal(a, err)
		}
	}
}
