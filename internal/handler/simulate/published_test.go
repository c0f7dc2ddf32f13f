package simulate_test

import (
	"archive/zip"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"example.org/groundcontrol/internal/contract"
	"example.org/groundcontrol/internal/handler/handlertest"
	"example.org/groundcontrol/internal/handler/simulate"
	"example.org/groundcontrol/internal/schema"
)

var everyType = flag.Int("contract-every", 40, "hold one in so many published types against the contract")

// TestPublishedTypesKeepToTheContract holds what AWS publishes schemas of against the contract.
func TestPublishedTypesKeepToTheContract(t *testing.T) {
	name := filepath.Join("..", "..", "..", "..", "shared", "schemas", "CloudformationSchema.zip")
	archive, err := zip.OpenReader(name)
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("put AWS's CloudformationSchema.zip at %s to run this", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	types, left := 0, 0
	for i, f := range archive.File {
		if i%*everyType != 0 {
			continue
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		s, _, err := schema.Parse(text)
		if err != nil {
			t.Errorf("%s: %v", f.Name, err)
			continue
		}
		c, err := contract.Generate(s, 1)
		if err != nil {
			left++
			continue
		}
		types++
		holdToTheContract(t, s, c)
	}
	t.Logf("%d types; for %d no desired state could be made up", types, left)
}

func holdToTheContract(t *testing.T, s *schema.Schema, c contract.Case) {
	t.Helper()
	ledger := &handlertest.Ledger{}
	suite, err := contract.New(contract.Config{
		Schema: s, Call: contract.Of(ledger.Keeping(&simulate.Runtime{Ledger: ledger})), Cases: []contract.Case{c},
		Limits: contract.Limits{Delay: time.Millisecond},
	})
	if err != nil {
		t.Errorf("%s: %v", s.TypeName, err)
		return
	}
	for _, result := range suite.Run(t.Context(), nil, nil).Tests {
		for _, failure := range result.Failures {
			t.Errorf("%s: %s: %s", s.TypeName, result.Name, failure)
		}
	}
}
