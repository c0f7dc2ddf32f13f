package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// fault is what one call does wrong, from a text such as "READ sleep=5,crash".
type fault struct {
	path, id string
	told     [][2]string // names with arguments
}

func newFault(action, path, text, id string) fault {
	f := fault{path: path, id: id}
	when, rest, ok := strings.Cut(text, " ")
	if !ok {
		when, rest = "CREATE", text
	}
	if when != action || rest == "" {
		return f
	}
	for part := range strings.SplitSeq(rest, ",") {
		name, argument, _ := strings.Cut(part, "=")
		f.told = append(f.told, [2]string{name, argument})
	}
	return f
}

// before does what is to happen before the call has had any effect.
func (f fault) before() error {
	for _, told := range f.told {
		n, _ := strconv.Atoi(told[1])
		switch told[0] {
		case "sleep":
			time.Sleep(time.Duration(n) * time.Second)
		case "sleep-once":
			if f.first("slept") {
				time.Sleep(time.Duration(n) * time.Second)
			}
		case "print":
			line := strings.Repeat("x", 65535) + "\n"
			for range n << 4 {
				fmt.Print(line)
			}
		case "orphan", "daemon":
			c := exec.Command("/bin/sleep", "300")
			c.Stdout, c.SysProcAttr = os.Stdout, &syscall.SysProcAttr{Setsid: told[0] == "daemon"}
			if err := c.Start(); err != nil {
				return err
			}
			if err := os.WriteFile(f.path+".pid", []byte(strconv.Itoa(c.Process.Pid)), 0o600); err != nil {
				return err
			}
		case "memory":
			hog := make([]byte, n<<20)
			for i := 0; i < len(hog); i += 4096 {
				hog[i] = 1
			}
			time.Sleep(10 * time.Second) // a host may look at what is used only now and then
			runtime.KeepAlive(hog)
		case "cpu":
			for end := cpuTime() + time.Duration(n)*time.Second; cpuTime() < end; {
				continue
			}
		case "fetch":
			if err := f.fetch(told[1]); err != nil {
				return failure{"GeneralServiceException", err.Error()}
			}
		case "crash":
			os.Exit(3)
		case "error":
			return errors.New("told to fail")
		}
	}
	return nil
}

// after returns the answer, spoilt where it is to be, unless the process is to end.
func (f fault) after(a answer) (answer, error) {
	for _, told := range f.told {
		switch told[0] {
		case "crash-after":
			os.Exit(4)
		case "twice":
			body, err := json.Marshal(a)
			if err == nil {
				err = post(f.id+"/response", body) // and once more when this returns
			}
			if err != nil {
				return a, err
			}
		case "rubbish":
			if err := post(f.id+"/response", []byte("this is not JSON")); err != nil {
				return a, err
			}
		case "in-progress":
			a.Status, a.Callback, a.Models = "IN_PROGRESS", map[string]int{}, nil
		case "rename":
			a.Model["Path"] = text(a.Model, "Path") + "-renamed"
		case "large":
			a.Message = strings.Repeat("x", 7<<20)
		}
	}
	return a, nil
}

// first says whether this is asked for the first time for the path.
func (f fault) first(what string) bool {
	file, err := os.OpenFile(f.path+"."+what, os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		_ = file.Close()
	}
	return err == nil
}

func (f fault) fetch(url string) error {
	client := &http.Client{Timeout: 5 * time.Second}
	r, err := client.Get(url)
	if err != nil {
		return err
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err == nil && r.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", url, r.Status)
	}
	if err != nil {
		return err
	}
	return os.WriteFile(f.path+".fetched", b, 0o600)
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
