package egress_test

import (
	"bytes"
	"sync"
	"testing"

	"example.org/groundcontrol/internal/egress"
)

// TestServersThatMakeTheCAAtOnceHaveTheSame has many start on one new directory: what one
// of them signs, children that trust the file must trust.
func TestServersThatMakeTheCAAtOnceHaveTheSame(t *testing.T) {
	t.Parallel()
	for range 20 {
		dir := t.TempDir()
		var all [8]*egress.Authority
		var starts sync.WaitGroup
		for i := range all {
			starts.Go(func() {
				var err error
				if all[i], err = egress.LoadOrCreateAuthority(dir); err != nil {
					t.Error(err)
				}
			})
		}
		starts.Wait()
		if t.Failed() {
			return
		}
		for _, a := range all[1:] {
			if !bytes.Equal(a.CertificatePEM(), all[0].CertificatePEM()) {
				t.Fatal("two servers have two CAs")
			}
		}
	}
}
