package schemafile

import (
	"net/url"
	"testing"
)

func TestSizesInWords(t *testing.T) {
	for n, words := range map[int64]string{0: "0 bytes", 5: "5 bytes", 1 << 10: "1 KiB", 1500: "1500 bytes", 8 << 20: "8 MiB", 3 << 30: "3 GiB"} {
		if got := inWords(n); got != words {
			t.Errorf("%d is %s, want %s", n, got, words)
		}
	}
}

func TestAnAddressIsShownWithoutItsSecrets(t *testing.T) {
	u, err := url.Parse("https://user:password@example.org:8443/a%2Fb/x.zip?X-Signature=secret#fragment")
	if err != nil {
		t.Fatal(err)
	}
	if got := shown(u); got != "https://example.org:8443/a%2Fb/x.zip" {
		t.Errorf("got %s", got)
	}
}
