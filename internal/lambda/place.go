package lambda

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/gofrs/flock"
)

const (
	placePrefix = "groundcontrol-handlers-"
	lockFile    = "lock"
)

// place is the directory in which a pool's children have theirs. It is locked for as long
// as the pool lives, however that ends, so that others see what nobody needs any more.
type place struct {
	mu   sync.Mutex
	dir  string // "" until the first child
	lock *flock.Flock
}

// enter returns the directory, which is made in temp for the first child.
func (p *place) enter(temp string) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dir != "" {
		return p.dir, nil
	}
	if temp == "" {
		temp = os.TempDir()
	} else if err := os.MkdirAll(temp, 0o711); err != nil { // another user may run the children
		return "", err
	}
	// It has the name that others look for only once it is locked.
	dir, err := os.MkdirTemp(temp, "new-"+placePrefix)
	if err != nil {
		return "", err
	}
	lock := flock.New(filepath.Join(dir, lockFile))
	got, err := lock.TryLock()
	if err == nil && !got {
		err = errors.New("it is locked by another process")
	}
	if err == nil {
		err = os.Chmod(dir, 0o711)
	}
	named := filepath.Join(temp, strings.TrimPrefix(filepath.Base(dir), "new-"))
	if err == nil {
		err = os.Rename(dir, named)
	}
	if err != nil {
		return "", errors.Join(fmt.Errorf("lock %s: %w", dir, err), lock.Close(), os.RemoveAll(dir))
	}
	p.dir, p.lock = named, lock
	return named, nil
}

// leave removes the directory.
func (p *place) leave() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dir == "" {
		return nil
	}
	err := errors.Join(os.RemoveAll(p.dir), p.lock.Close())
	p.dir = ""
	return err
}

// Clear removes what servers that were killed have left in temp, see [Config].Temp: the
// directories of their children, and on Linux processes of user that still run. Servers
// that live keep theirs. Call it before the first call of a pool.
func Clear(temp string, user *Credential) error {
	if temp == "" {
		temp = os.TempDir()
	}
	left, err := filepath.Glob(filepath.Join(temp, placePrefix+"*"))
	if err != nil {
		return fmt.Errorf("lambda: clear %s: %w", temp, err)
	}
	for _, dir := range left {
		if err := clearOne(dir, user); err != nil {
			return fmt.Errorf("lambda: clear %s: %w", dir, err)
		}
	}
	return nil
}

func clearOne(dir string, user *Credential) error {
	lock := flock.New(filepath.Join(dir, lockFile))
	if got, err := lock.TryLock(); err != nil || !got {
		return nil // it lives, or is another user's
	}
	defer lock.Close() //nolint:errcheck // the file goes too
	sweep(owner(user), func(temp string) bool { return filepath.Dir(temp) == dir })
	return os.RemoveAll(dir)
}

// owner is the number of the user that children run as.
func owner(user *Credential) uint32 {
	if user != nil {
		return user.UID
	}
	return uint32(os.Getuid())
}
