package schemafile

import (
	"archive/zip"
	"errors"
	"os"
	"testing"
	"time"
)

// corpusFile holds AWS's schemas in AWS's layout.
const corpusFile = "../../../shared/schemas/CloudformationSchema.zip"

func TestTheRealArchiveIsReadWhole(t *testing.T) {
	z, err := zip.OpenReader(corpusFile)
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("AWS's schemas are not there: put https://schema.cloudformation.us-east-1.amazonaws.com/CloudformationSchema.zip at %s", corpusFile)
	}
	if err != nil {
		t.Fatal(err)
	}
	members := len(z.File)
	z.Close()

	start := time.Now()
	s, err := Open(t.Context(), corpusFile, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.Len() != members {
		t.Errorf("Len is %d, and the archive has %d members", s.Len(), members)
	}
	n, size, last := 0, 0, ""
	for f := range s.Files() {
		if f.Err != nil || len(f.Text) == 0 {
			t.Errorf("%s: %d bytes, %v", f.Name, len(f.Text), f.Err)
		}
		if f.Name <= last {
			t.Errorf("%s comes after %s", f.Name, last)
		}
		n, size, last = n+1, size+len(f.Text), f.Name
	}
	if n != members {
		t.Errorf("%d documents of %d", n, members)
	}
	t.Logf("%d documents, %d bytes in %v", n, size, time.Since(start))
}
