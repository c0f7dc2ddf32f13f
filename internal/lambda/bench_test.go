package lambda_test

import (
	"testing"

	"example.org/groundcontrol/internal/lambda"
)

func BenchmarkInvokeWarm(b *testing.B) {
	p, f := newPool(b, lambda.Config{}), child(b, "serve")
	must(b, p, f, order{Do: "echo"})
	for b.Loop() {
		if r := must(b, p, f, order{Do: "echo"}); r.Cold {
			b.Fatal("cold")
		}
	}
}

// BenchmarkInvokeCold starts a child for each call, and ends the one before.
func BenchmarkInvokeCold(b *testing.B) {
	p, f := newPool(b, lambda.Config{}), child(b, "serve")
	for b.Loop() {
		f.Env["AWS_PROFILE"] += "x"
		if r := must(b, p, f, order{Do: "echo"}); !r.Cold {
			b.Fatal("warm")
		}
	}
}
