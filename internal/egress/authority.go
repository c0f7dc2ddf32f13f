package egress

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"example.org/groundcontrol/internal/durable"
)

const (
	certFile      = "ca.pem"
	keyFile       = "ca-key.pem"
	authorityLife = 10 * 365 * 24 * time.Hour
	clockSkew     = time.Hour // how far behind a reader's clock may be
)

// Authority is the private CA whose certificates children see in place of the real ones.
// It is good for TLS servers only and never leaves this machine's trust by itself: only
// what is told of it by [Proxy.Variables] trusts it. It is safe for concurrent use.
type Authority struct {
	dir    string
	cert   *x509.Certificate
	pem    []byte
	key    *ecdsa.PrivateKey
	leaves *leaves
}

// LoadOrCreateAuthority reads the CA in dir: ca.pem, and ca-key.pem with mode 0600. What
// is missing it makes: the folder, both files, or ca.pem for the key that is there. A
// file that is expired, not what we write, or a key that others may read, is an error
// that names the file; it is never repaired or replaced.
//
// Processes that make it at the same time come to have one and the same: the first to
// write a file wins.
func LoadOrCreateAuthority(dir string) (*Authority, error) {
	dir, err := filepath.Abs(dir) // children have other working folders
	if err != nil {
		return nil, fmt.Errorf("egress: CA: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("egress: CA: %w", err)
	}
	key, err := loadOrCreateKey(filepath.Join(dir, keyFile), filepath.Join(dir, certFile))
	if err != nil {
		return nil, err
	}
	a := &Authority{dir: dir, key: key}
	if err := a.loadOrCreateCert(time.Now()); err != nil {
		return nil, fmt.Errorf("egress: CA certificate in %s: %w", a.certPath(), err)
	}
	if a.leaves, err = newLeaves(); err != nil {
		return nil, fmt.Errorf("egress: CA: %w", err)
	}
	return a, nil
}

// CertificatePEM is the CA's certificate: what a client of the proxy has to trust.
func (a *Authority) CertificatePEM() []byte { return bytes.Clone(a.pem) }

func (a *Authority) certPath() string { return filepath.Join(a.dir, certFile) }

// loadOrCreateKey writes the key before there is a certificate, so that a crash in between
// leaves a key without one, which is made then, and never the other way round.
func loadOrCreateKey(path, certPath string) (*ecdsa.PrivateKey, error) {
	key, err := loadKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		_, cerr := os.Lstat(certPath)
		if cerr == nil { // or another process has made both since
			key, err = loadKey(path)
		}
		if cerr == nil && errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("egress: CA key in %s: the file is missing; put it back, or move %s away to get a new CA on the next start", path, certPath)
		}
		if cerr != nil {
			key, err = createKey(path)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("egress: CA key in %s: %w", path, err)
	}
	return key, nil
}

func loadKey(path string) (*ecdsa.PrivateKey, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file; move it away")
	}
	// Windows reports permission bits that say nothing about other users.
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("other users have access to the file (mode %04o); run: chmod 600 %s", mode, path)
	}
	der, err := readPEM(path, "PRIVATE KEY")
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	key, ok := parsed.(*ecdsa.PrivateKey)
	if err != nil || !ok || key.Curve != elliptic.P256() {
		return nil, fmt.Errorf("not an ECDSA P-256 key; %s", newCAHint)
	}
	return key, nil
}

func createKey(path string) (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	err = durable.MakeFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600)
	if errors.Is(err, fs.ErrExist) {
		return loadKey(path)
	}
	return key, err
}

func (a *Authority) loadOrCreateCert(now time.Time) error {
	der, err := readPEM(a.certPath(), "CERTIFICATE")
	if errors.Is(err, fs.ErrNotExist) {
		der, err = a.createCert(now)
	}
	if err != nil {
		return err
	}
	a.cert, err = x509.ParseCertificate(der)
	if err != nil {
		return fmt.Errorf("not a certificate (%w); %s", err, renewHint)
	}
	a.pem = certPEM(der)
	return a.check(now)
}

const (
	renewHint = "move it away to get a new one on the next start"
	newCAHint = "move " + certFile + " and " + keyFile + " away to get a new CA on the next start"
)

func (a *Authority) check(now time.Time) error {
	switch public, ok := a.cert.PublicKey.(*ecdsa.PublicKey); {
	case !a.cert.IsCA:
		return fmt.Errorf("not the certificate of a CA; %s", renewHint)
	case !ok || !public.Equal(&a.key.PublicKey):
		return fmt.Errorf("not made for the key in %s; %s", keyFile, renewHint)
	case now.After(a.cert.NotAfter):
		return fmt.Errorf("expired on %s; %s", a.cert.NotAfter.Format(time.DateOnly), renewHint)
	case now.Before(a.cert.NotBefore):
		return fmt.Errorf("not valid before %s; check the clock of this machine", a.cert.NotBefore.Format(time.RFC3339))
	}
	return nil
}

func (a *Authority) createCert(now time.Time) ([]byte, error) {
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		// The serial keeps two CAs of the same name apart in a trust store.
		Subject:               pkix.Name{CommonName: "Ground Control egress CA", SerialNumber: serial.Text(16)[:8]},
		NotBefore:             now.Add(-clockSkew),
		NotAfter:              now.Add(authorityLife),
		IsCA:                  true,
		BasicConstraintsValid: true,
		MaxPathLenZero:        true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &a.key.PublicKey, a.key)
	if err != nil {
		return nil, err
	}
	err = durable.MakeFile(a.certPath(), certPEM(der), 0o644)
	if errors.Is(err, fs.ErrExist) {
		return readPEM(a.certPath(), "CERTIFICATE")
	}
	return der, err
}

func certPEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// readPEM returns the one block of a file.
func readPEM(path, kind string) ([]byte, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, rest := pem.Decode(data)
	if block == nil || block.Type != kind || len(bytes.TrimSpace(rest)) > 0 {
		return nil, fmt.Errorf("not one PEM block of type %s; %s", kind, newCAHint)
	}
	return block.Bytes, nil
}

// newSerial is 127 random bits with the first one set: RFC 5280 wants at most 20 bytes,
// positive.
func newSerial() (*big.Int, error) {
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 126))
	if err != nil {
		return nil, err
	}
	return n.SetBit(n, 126, 1), nil
}
