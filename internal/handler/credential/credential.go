// Package credential knows what handlers call their services with: the credentials of the
// file that an operator keeps, by role and account. It knows nothing of calls.
package credential

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"example.org/groundcontrol/internal/handler/provider"
)

const (
	maxFile     = 1 << 20
	maxAnswer   = 64 << 10         // of a program
	programTime = 20 * time.Second // that a program may take
	early       = 5 * time.Minute  // before they expire new ones are asked for
)

// source is where credentials come from: they stand here, or a program prints them.
type source struct {
	AccessKeyID     string   `json:"accessKeyId"`
	SecretAccessKey string   `json:"secretAccessKey"`
	SessionToken    string   `json:"sessionToken"`
	Process         []string `json:"process"`
}

// document is the file.
type document struct {
	Default  *source            `json:"default"`
	Accounts map[string]*source `json:"accounts"`
	Roles    map[string]*source `json:"roles"`
}

// File is a file with credentials. It is read again when it changes, so that whoever
// rotates them has but to write it. It is safe for concurrent use; use it by pointer.
type File struct {
	path string

	mu      sync.Mutex // held by who reads the file
	read    os.FileInfo
	now     document
	printed map[string]*printed // by the words of the program
}

// printed is what a program printed last.
type printed struct {
	mu          sync.Mutex // held by who runs it
	credentials provider.Credentials
	until       time.Time
}

// Open reads the file. The error says what is wrong with it, without what it holds.
func Open(path string) (*File, error) {
	f := &File{path: path, printed: map[string]*printed{}}
	_, err := f.document()
	return f, err
}

// For returns credentials for a call of an account that is to work as role, "" for the
// account itself: those of the role, or of the account, or the default ones; the zero value
// where the file has none for the account. Error: provider.ErrNoCredentials for a
// role that the file lacks, since whoever names a role does not mean another; others pass.
func (f *File) For(ctx context.Context, account, role string) (provider.Credentials, error) {
	d, err := f.document()
	if err != nil {
		return provider.Credentials{}, err
	}
	s := d.Default
	if own, ok := d.Accounts[account]; ok {
		s = own
	}
	if role != "" {
		if s = d.Roles[role]; s == nil {
			return provider.Credentials{}, fmt.Errorf("%w for role %s: add it to the roles in the file of --handler-credentials", provider.ErrNoCredentials, role)
		}
	}
	switch {
	case s == nil:
		return provider.Credentials{}, nil
	case len(s.Process) > 0:
		return f.ask(ctx, s.Process)
	}
	return provider.Credentials{AccessKeyID: s.AccessKeyID, SecretAccessKey: s.SecretAccessKey, SessionToken: s.SessionToken}, nil
}

// document is the file as it is now.
func (f *File) document() (document, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	info, err := os.Stat(f.path)
	if err != nil {
		return document{}, fmt.Errorf("credentials of handlers: %w", err)
	}
	if f.read != nil && os.SameFile(f.read, info) && f.read.ModTime().Equal(info.ModTime()) && f.read.Size() == info.Size() {
		return f.now, nil
	}
	d, err := readDocument(f.path)
	if err != nil {
		return document{}, fmt.Errorf("credentials of handlers: %s: %w", f.path, err)
	}
	f.read, f.now = info, d
	return d, nil
}

func readDocument(path string) (d document, err error) {
	file, err := os.Open(path)
	if err != nil {
		return d, err
	}
	defer file.Close() //nolint:errcheck // read only
	decoder := json.NewDecoder(io.LimitReader(file, maxFile))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&d); err != nil {
		return d, quiet(err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return d, fmt.Errorf("want one JSON object of at most %d bytes", maxFile)
	}
	all := map[string]*source{}
	if d.Default != nil {
		all["default"] = d.Default
	}
	for name, s := range d.Accounts {
		all["accounts."+name] = s
	}
	for name, s := range d.Roles {
		all["roles."+name] = s
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if err := all[name].check(); err != nil {
			return d, fmt.Errorf("%s: %w", name, err)
		}
	}
	return d, nil
}

// quiet is an error of package json without what the file holds.
func quiet(err error) error {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("%s is of another kind than it should be", wrong.Field)
	}
	return err
}

func (s *source) check() error {
	keys := s != nil && s.AccessKeyID != "" && s.SecretAccessKey != ""
	program := s != nil && len(s.Process) > 0 && s.Process[0] != ""
	if keys == program {
		return errors.New("want accessKeyId and secretAccessKey, or process, a program that prints them")
	}
	return nil
}

// ask returns what the program prints, which is kept until shortly before it expires.
func (f *File) ask(ctx context.Context, words []string) (provider.Credentials, error) {
	name := strings.Join(words, "\x00")
	f.mu.Lock()
	p := f.printed[name]
	if p == nil {
		p = new(printed)
		f.printed[name] = p
	}
	f.mu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Now().Before(p.until) {
		return p.credentials, nil
	}
	c, until, err := run(ctx, words)
	if err != nil {
		return c, fmt.Errorf("credentials of handlers: %s: %w", words[0], err)
	}
	p.credentials, p.until = c, until
	return c, nil
}

// run runs a program that prints credentials as those do that AWS's clients know as
// credential_process. What they print without a time of expiry is asked for each time.
func run(ctx context.Context, words []string) (c provider.Credentials, until time.Time, err error) {
	ctx, cancel := context.WithTimeout(ctx, programTime)
	defer cancel()
	var text bytes.Buffer
	command := exec.CommandContext(ctx, words[0], words[1:]...)
	command.Stdout = &limited{&text}
	command.WaitDelay = time.Second // for what it leaves behind with its output open
	if err := command.Run(); err != nil {
		return c, until, err
	}
	var says struct {
		Version                                   int
		AccessKeyID                               string `json:"AccessKeyId"`
		SecretAccessKey, SessionToken, Expiration string
	}
	if json.Unmarshal(text.Bytes(), &says) != nil || says.Version != 1 || says.AccessKeyID == "" || says.SecretAccessKey == "" {
		return c, until, errors.New("it printed no credentials: want JSON with Version 1, AccessKeyId and SecretAccessKey")
	}
	if says.Expiration != "" {
		at, err := time.Parse(time.RFC3339, says.Expiration)
		if err != nil {
			return c, until, errors.New("its Expiration is no time as RFC 3339 has it")
		}
		until = at.Add(-early)
	}
	return provider.Credentials{AccessKeyID: says.AccessKeyID, SecretAccessKey: says.SecretAccessKey, SessionToken: says.SessionToken}, until, nil
}

// limited takes so much and no more.
type limited struct{ b *bytes.Buffer }

func (l *limited) Write(p []byte) (int, error) {
	if l.b.Len()+len(p) > maxAnswer {
		return 0, fmt.Errorf("it prints more than %d bytes", maxAnswer)
	}
	return l.b.Write(p)
}
