package egress

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestAuthorityIsMadeOnceAndKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "egress")
	first, err := LoadOrCreateAuthority(dir)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" {
		for name, want := range map[string]os.FileMode{certFile: 0o644, keyFile: 0o600} {
			if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != want {
				t.Errorf("%s: %v %v, want mode %04o", name, info.Mode(), err, want)
			}
		}
	}
	onDisk, err := os.ReadFile(filepath.Join(dir, certFile))
	if err != nil || !bytes.Equal(onDisk, first.CertificatePEM()) {
		t.Errorf("CertificatePEM differs from the file (%v)", err)
	}
	again, err := LoadOrCreateAuthority(dir)
	if err != nil || !bytes.Equal(again.CertificatePEM(), onDisk) || !again.key.Equal(first.key) {
		t.Errorf("another CA after a restart (%v)", err)
	}
	if files, _ := os.ReadDir(dir); len(files) != 2 {
		t.Errorf("left over: %v", files)
	}

	c := first.cert
	if !c.IsCA || !c.MaxPathLenZero || c.KeyUsage&x509.KeyUsageCertSign == 0 || first.key.Curve != elliptic.P256() {
		t.Errorf("not the CA we want: %+v", c)
	}
	if life := time.Until(c.NotAfter); life < 9*365*24*time.Hour || life > 11*365*24*time.Hour {
		t.Errorf("lasts %v", life)
	}
}

func TestCertificateIsRenewedForTheKeyThatIsThere(t *testing.T) {
	first := newAuthority(t)
	if err := os.Remove(first.certPath()); err != nil {
		t.Fatal(err)
	}
	again, err := LoadOrCreateAuthority(first.dir)
	if err != nil || !again.key.Equal(first.key) || bytes.Equal(again.pem, first.pem) {
		t.Errorf("not the same key with a new certificate (%v)", err)
	}
}

func TestBadAuthorityFilesAreNamedAndLeftAlone(t *testing.T) {
	expired := func(t *testing.T, a *Authority) {
		if err := os.Remove(a.certPath()); err != nil {
			t.Fatal(err)
		}
		if _, err := a.createCert(time.Now().Add(-authorityLife - time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	write := func(name, text string) func(*testing.T, *Authority) {
		return func(t *testing.T, a *Authority) {
			if err := os.WriteFile(filepath.Join(a.dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	block := func(kind string) string {
		return fmt.Sprintf("-----BEGIN %s-----\nAAAA\n-----END %[1]s-----\n", kind)
	}
	for name, c := range map[string]struct {
		spoil func(*testing.T, *Authority)
		file  string
		want  string
	}{
		"expired":              {expired, certFile, "expired on 20"},
		"certificate is empty": {write(certFile, ""), certFile, "not one PEM block of type CERTIFICATE; move"},
		"certificate is bad":   {write(certFile, block("CERTIFICATE")), certFile, "not a certificate"},
		"key is empty":         {write(keyFile, ""), keyFile, "not one PEM block of type PRIVATE KEY; move"},
		"key is bad":           {write(keyFile, block("PRIVATE KEY")), keyFile, "not an ECDSA P-256 key; move"},
		"key is missing": {func(t *testing.T, a *Authority) {
			if err := os.Remove(filepath.Join(a.dir, keyFile)); err != nil {
				t.Fatal(err)
			}
		}, keyFile, "put it back, or move"},
		"key is of another CA": {func(t *testing.T, a *Authority) {
			other := newAuthority(t)
			if err := os.Rename(filepath.Join(other.dir, keyFile), filepath.Join(a.dir, keyFile)); err != nil {
				t.Fatal(err)
			}
		}, certFile, "not made for the key in ca-key.pem; move"},
		"certificate is a leaf": {func(t *testing.T, a *Authority) {
			leaf, err := a.leaf("a.test", time.Now())
			if err != nil {
				t.Fatal(err)
			}
			a.cert = leaf.Leaf
			write(certFile, string(certPEM(leaf.Certificate[0])))(t, a)
		}, certFile, "not the certificate of a CA"},
		"key is open to others": {func(t *testing.T, a *Authority) {
			if runtime.GOOS == "windows" {
				t.Skip("needs Unix permission bits: run on Linux or macOS")
			}
			if err := os.Chmod(filepath.Join(a.dir, keyFile), 0o640); err != nil {
				t.Fatal(err)
			}
		}, keyFile, "mode 0640); run: chmod 600"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAuthority(t)
			c.spoil(t, a)
			path := filepath.Join(a.dir, c.file)
			before, _ := os.ReadFile(path)
			_, err := LoadOrCreateAuthority(a.dir)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("got %v, want %q and %s", err, c.want, path)
			}
			if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
				t.Error("the file was changed")
			}
		})
	}
}

func TestLeafIsGoodForItsHostOnly(t *testing.T) {
	a := newAuthority(t)
	roots := x509.NewCertPool()
	roots.AddCert(a.cert)
	for _, host := range []string{"api.test", "10.0.0.1", "2001:db8::1", strings.Repeat("a", 60) + "." + strings.Repeat("b", 60) + ".test"} {
		leaf, err := a.leaf(host, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := leaf.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: host}); err != nil {
			t.Errorf("%s: %v", host, err)
		}
		if err := leaf.Leaf.VerifyHostname("other.test"); err == nil {
			t.Errorf("%s: good for another host", host)
		}
		if life := time.Until(leaf.Leaf.NotAfter); life > leafLife || life < leafSpare {
			t.Errorf("%s: lasts %v", host, life)
		}
		if leaf.PrivateKey.(*ecdsa.PrivateKey).Equal(a.key) {
			t.Errorf("%s: has the key of the CA", host)
		}
	}
}

func TestLeavesAreKeptWithinBounds(t *testing.T) {
	a := newAuthority(t)
	now := time.Now()
	get := func(host string, at time.Time) *x509.Certificate {
		t.Helper()
		c, err := a.leaf(host, at)
		if err != nil {
			t.Fatal(err)
		}
		return c.Leaf
	}
	first, second := get("first.test", now), get("second.test", now)
	for i := range maxLeaves - 1 {
		get(fmt.Sprintf("h%d.test", i), now)
		if get("first.test", now) != first {
			t.Fatal("one in use was dropped")
		}
	}
	if n, m := len(a.leaves.byHost), a.leaves.recent.Len(); n != maxLeaves || m != maxLeaves {
		t.Errorf("%d and %d leaves are kept", n, m)
	}
	if get("second.test", now) == second {
		t.Error("the least recently used one was not dropped")
	}
	if get("first.test", now.Add(leafLife-leafSpare-time.Minute)) != first {
		t.Error("renewed before its time")
	}
	if get("first.test", now.Add(leafLife-leafSpare)) == first {
		t.Error("not renewed before it ends")
	}
	if end := get("late.test", a.cert.NotAfter.Add(-time.Minute)).NotAfter; end.After(a.cert.NotAfter) {
		t.Errorf("a leaf outlives the CA: %v", end)
	}
}
