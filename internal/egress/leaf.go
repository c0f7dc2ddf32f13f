package egress

import (
	"container/list"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"net"
	"sync"
	"time"
)

const (
	leafLife  = 7 * 24 * time.Hour
	leafSpare = 24 * time.Hour // one that is about to end is not handed out
	maxLeaves = 256
)

// leaves are certificates by host, the least recently used going first when there are
// too many. All share one key, which lives in memory only.
type leaves struct {
	key *ecdsa.PrivateKey

	mu     sync.Mutex
	byHost map[string]*list.Element
	recent *list.List // of *leaf, the latest used in front
}

type leaf struct {
	host string
	cert *tls.Certificate
}

func newLeaves() (*leaves, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	return &leaves{key: key, byHost: map[string]*list.Element{}, recent: list.New()}, err
}

// leaf is a certificate for a canonical host. Signing is so quick that it is done under
// the lock.
func (a *Authority) leaf(host string, now time.Time) (*tls.Certificate, error) {
	l := a.leaves
	l.mu.Lock()
	defer l.mu.Unlock()
	if e, ok := l.byHost[host]; ok {
		if known := e.Value.(*leaf); now.Add(leafSpare).Before(known.cert.Leaf.NotAfter) {
			l.recent.MoveToFront(e)
			return known.cert, nil
		}
		l.drop(e)
	}
	cert, err := a.issue(host, now)
	if err != nil {
		return nil, err
	}
	l.byHost[host] = l.recent.PushFront(&leaf{host: host, cert: cert})
	if l.recent.Len() > maxLeaves {
		l.drop(l.recent.Back())
	}
	return cert, nil
}

func (l *leaves) drop(e *list.Element) {
	delete(l.byHost, e.Value.(*leaf).host)
	l.recent.Remove(e)
}

func (a *Authority) issue(host string, now time.Time) (*tls.Certificate, error) {
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	end := now.Add(leafLife)
	if end.After(a.cert.NotAfter) {
		end = a.cert.NotAfter
	}
	template := &x509.Certificate{
		SerialNumber:          serial,
		NotBefore:             now.Add(-clockSkew),
		NotAfter:              end,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if len(host) <= 64 { // a common name cannot be longer; what counts is below
		template.Subject = pkix.Name{CommonName: host}
	}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{host}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &a.leaves.key.PublicKey, a.key)
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParseCertificate(der)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: a.leaves.key, Leaf: parsed}, err
}
