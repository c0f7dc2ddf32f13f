package lambda

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
)

// HostArgument is the first argument with which [Command] has this very program run as a
// child; the program passes those after it to [Host].
const HostArgument = "handler-host"

// The lines between which a provider on the Java plug-in prints its answer, where it runs as
// a command.
const (
	answerBegins = "__CFN_RESOURCE_START_RESPONSE__"
	answerEnds   = "__CFN_RESOURCE_END_RESPONSE__"
)

// maxPrinted bounds what a command may print around its answer.
const maxPrinted = MaxBody + 1<<20

// Host speaks the Runtime API for a command that does not: it is run for each call, with the
// payload as its last argument, and prints its answer on standard output between two lines.
// What it prints beside is printed too. Host returns when the Runtime API is gone.
//
// A payload may have no more bytes than the system takes as an argument, 128 KiB on Linux.
func Host(ctx context.Context, command []string) error {
	if len(command) == 0 {
		return errors.New("lambda: there is no command to run")
	}
	api := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + base + "/invocation/"
	client := &http.Client{Transport: &http.Transport{}} // it knows of no proxy
	for {
		id, payload, err := nextCall(ctx, client, api)
		if err != nil {
			return fmt.Errorf("lambda: next call: %w", err)
		}
		end, body := "/response", []byte(nil)
		if body, err = runOnce(ctx, command, payload); err != nil {
			end = "/error"
			body, _ = json.Marshal(map[string]string{"errorType": "Runtime.ExitError", "errorMessage": err.Error()}) // strings always can
		}
		response, err := client.Post(api+id+end, "application/json", bytes.NewReader(body))
		if err != nil {
			return fmt.Errorf("lambda: answer: %w", err)
		}
		_ = response.Body.Close() // a refusal is the pool's to tell
	}
}

func nextCall(ctx context.Context, client *http.Client, api string) (id string, payload []byte, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, api+"next", nil)
	if err != nil {
		return "", nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return "", nil, err
	}
	defer response.Body.Close()
	payload, err = io.ReadAll(response.Body)
	return response.Header.Get("Lambda-Runtime-Aws-Request-Id"), payload, err
}

// runOnce makes one call.
func runOnce(ctx context.Context, command []string, payload []byte) ([]byte, error) {
	var printed bounded
	c := exec.CommandContext(ctx, command[0], append(command[1:len(command):len(command)], string(payload))...)
	c.Stdout, c.Stderr = &printed, os.Stderr
	err := c.Run()
	before, answer, found := bytes.Cut(printed.kept, []byte(answerBegins))
	answer, after, ended := bytes.Cut(answer, []byte(answerEnds))
	_, _ = os.Stdout.Write(before)
	_, _ = os.Stdout.Write(bytes.TrimSpace(after))
	switch {
	case found && ended: // whatever its exit status: it has answered
		return bytes.TrimSpace(answer), nil
	case err != nil:
		return nil, fmt.Errorf("the command failed: %w", err)
	}
	return nil, errors.New("the command printed no answer between " + answerBegins + " and " + answerEnds)
}

// bounded keeps the first bytes that are written to it.
type bounded struct{ kept []byte }

func (b *bounded) Write(p []byte) (int, error) {
	b.kept = append(b.kept, p[:min(len(p), maxPrinted-len(b.kept))]...)
	return len(p), nil
}
