package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"example.org/groundcontrol/internal/lambda"
)

// handlers are the flags for the handlers of registered types, which run as child
// processes.
type handlers struct {
	Children    int           `default:"4" env:"GROUNDCONTROL_HANDLER_CHILDREN" help:"Processes at once for the handlers of each type version, account and region; calls beyond that wait."`
	Idle        time.Duration `default:"5m" env:"GROUNDCONTROL_HANDLER_IDLE" help:"How long a process of handlers is kept without a call."`
	Memory      string        `default:"0" env:"GROUNDCONTROL_HANDLER_MEMORY" placeholder:"SIZE" help:"Memory that each process of handlers may write to, such as 512MiB; 0 is no limit."`
	CPU         time.Duration `name:"cpu" default:"0s" env:"GROUNDCONTROL_HANDLER_CPU" help:"CPU time of each process of handlers over its life, in whole seconds; 0s is no limit."`
	User        string        `env:"GROUNDCONTROL_HANDLER_USER" placeholder:"NAME|UID[:GID]" help:"User that handlers run as; the server has to be root. Default: the server's own."`
	Cgroup      string        `type:"path" env:"GROUNDCONTROL_HANDLER_CGROUP" placeholder:"DIR" help:"Linux: a cgroup of version 2, empty and for this server alone, in which each process of handlers gets a group of its own: --handler-memory is for all that it starts together, and nothing of it stays."`
	Credentials string        `type:"path" env:"GROUNDCONTROL_HANDLER_CREDENTIALS" placeholder:"FILE" help:"JSON file with the credentials that handlers call their services with, by role and account; read again when it changes. Without it they get placeholders."`
	Timeout     []string      `sep:"," env:"GROUNDCONTROL_HANDLER_TIMEOUT" placeholder:"TYPE=TIME" help:"How long one call of a type's handlers may take: 'My::Org::Thing=5m', or '*=90s' for every other type. Reads and lists get half of it, at least 30s, or what is named: 'My::Org::Thing=5m/1m'. Default: 60s, reads and lists 30s. Repeatable."`
}

// handlerSettings are what these flags say.
type handlerSettings struct {
	memory   int64
	user     *lambda.Credential
	timeouts timeouts
}

func (h *handlers) settings() (set handlerSettings, err error) {
	if h.Children < 1 {
		return set, fmt.Errorf("--handler-children %d: want 1 or more", h.Children)
	}
	if h.Idle < time.Millisecond {
		return set, fmt.Errorf("--handler-idle %v: want 1ms or more", h.Idle)
	}
	if h.CPU < 0 || h.CPU > 0 && h.CPU < time.Second {
		return set, fmt.Errorf("--handler-cpu %v: want 1s or more, or 0s for no limit", h.CPU)
	}
	if set.memory, err = parseSize(h.Memory); err != nil {
		return set, fmt.Errorf("--handler-memory %q: %w", h.Memory, err)
	}
	if set.memory > 0 && set.memory < leastMemory {
		return set, fmt.Errorf("--handler-memory %s: want 16MiB or more, or 0 for no limit: nothing starts with less", h.Memory)
	}
	if set.timeouts, err = parseTimeouts(h.Timeout); err != nil {
		return set, fmt.Errorf("--handler-timeout %w", err)
	}
	if set.user, err = parseUser(h.User); err != nil {
		return set, fmt.Errorf("--handler-user %s: %w", h.User, err)
	}
	return set, nil
}

// leastMemory is about what a shell needs.
const leastMemory = 16 << 20

var units = map[string]int64{
	"": 1, "B": 1, "KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "KB": 1e3, "MB": 1e6, "GB": 1e9,
}

// parseSize reads a number of bytes such as 512MiB.
func parseSize(text string) (int64, error) {
	number := strings.TrimRight(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
	unit, known := units[strings.ToUpper(text[len(number):])]
	n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
	if err != nil || !known || n < 0 || n > math.MaxInt64/unit {
		return 0, errors.New("want a size such as 512MiB or 2GiB, or 0 for no limit")
	}
	return n * unit, nil
}

// timeouts are the time limits of calls by type name; * stands for every type that is not
// there.
type timeouts map[string]timeout

// timeout is the limit of a create, update or delete call, and of a read or list call; 0
// is the default.
type timeout struct{ change, read time.Duration }

const (
	leastRead  = 30 * time.Second // what the handler contract gives a read or list
	maxTimeout = 24 * time.Hour
)

func parseTimeouts(texts []string) (timeouts, error) {
	all := timeouts{}
	for _, text := range texts {
		name, limits, ok := strings.Cut(text, "=")
		name = strings.TrimSpace(name)
		if !ok || name != "*" && strings.Count(name, "::") < 2 {
			return nil, fmt.Errorf("%q: want TYPE=TIME, such as 'My::Org::Thing=5m' or '*=90s'", text)
		}
		change, read, two := strings.Cut(limits, "/")
		var t timeout
		var err error
		if t.change, err = parseLimit(change); err != nil {
			return nil, fmt.Errorf("%q: %w", text, err)
		}
		t.read = max(t.change/2, leastRead)
		if two {
			if t.read, err = parseLimit(read); err != nil {
				return nil, fmt.Errorf("%q: %w", text, err)
			}
		}
		all[name] = t
	}
	return all, nil
}

func parseLimit(text string) (time.Duration, error) {
	d, err := time.ParseDuration(strings.TrimSpace(text))
	if err != nil || d < 100*time.Millisecond || d > maxTimeout {
		return 0, fmt.Errorf("want a time such as 90s or 5m, of 100ms to %v", maxTimeout)
	}
	return d, nil
}

func (t timeouts) of(typeName string) timeout {
	if limit, ok := t[typeName]; ok {
		return limit
	}
	return t["*"]
}

func (t timeouts) change(typeName string) time.Duration { return t.of(typeName).change }
func (t timeouts) read(typeName string) time.Duration   { return t.of(typeName).read }

// parseUser finds the user that a flag names; "" is nil, our own.
func parseUser(text string) (*lambda.Credential, error) {
	if text == "" {
		return nil, nil
	}
	name, group, hasGroup := strings.Cut(text, ":")
	u, err := user.Lookup(name)
	if err != nil {
		if u, err = user.LookupId(name); err != nil {
			u = &user.User{Uid: name, Gid: name} // a number needs no entry
		}
	}
	if hasGroup {
		u.Gid = group
		if g, err := user.LookupGroup(group); err == nil {
			u.Gid = g.Gid
		}
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("there is no user %q: want a name, or numbers such as 65534:65534", name)
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("there is no group %q: want a name or a number", u.Gid)
	}
	if os.Getuid() != 0 && os.Getuid() != int(uid) {
		return nil, errors.New("only root can run handlers as another user: start the server as root, or leave the flag out")
	}
	if os.Getuid() != 0 {
		return nil, nil // who we are anyway
	}
	return &lambda.Credential{UID: uint32(uid), GID: uint32(gid)}, nil
}

// letIn lets the user of handlers into the data directory, where their code and their
// temporary directories are. They cannot list it, and its files stay the owner's only.
func letIn(data string, who *lambda.Credential) error {
	if who == nil {
		return nil
	}
	if err := os.Chmod(data, 0o711); err != nil {
		return fmt.Errorf("--handler-user: %w", err)
	}
	dir, err := filepath.Abs(data)
	if err != nil {
		return fmt.Errorf("--handler-user: %w", err)
	}
	for {
		info, err := os.Stat(dir)
		if err != nil {
			return fmt.Errorf("--handler-user: %w", err)
		}
		if !enters(info, who) {
			return fmt.Errorf("--handler-user: user %d cannot enter %s, where the data directory is: run `chmod o+x %s`, or choose another with --data", who.UID, dir, dir)
		}
		if dir == filepath.Dir(dir) {
			return nil
		}
		dir = filepath.Dir(dir)
	}
}

// enters says whether a directory's mode lets the user in.
func enters(info os.FileInfo, who *lambda.Credential) bool {
	mode := info.Mode().Perm()
	owner, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !ok, who.UID == 0:
		return true
	case owner.Uid == who.UID:
		return mode&0o100 != 0
	case owner.Gid == who.GID:
		return mode&0o010 != 0
	}
	return mode&0o001 != 0
}
