package sqlite

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/resource"
)

// scope is how account and region stand in a row: one text, so that indexes are short.
func scope(account, region string) string { return account + "/" + region }

// requestColumns is what scanRequest reads, in its order.
const requestColumns = `token, scope, kind, revision, type, type_version, identifier, client_token, input_hash, caller, role_arn,
	base_revision, desired, previous, progress, callback, error_code, message, model, accepted, event_time, deadline, due_at,
	attempt, retries, lost, node, lease_until, timeline`

// listColumns is the same without the input, which lists do not give.
const listColumns = `token, scope, kind, revision, type, type_version, identifier, client_token, input_hash, caller, role_arn,
	base_revision, NULL, NULL, NULL, NULL, error_code, message, model, accepted, event_time, deadline, due_at,
	attempt, retries, lost, node, lease_until, timeline`

// insertRequest has a place for each value of insertValues.
const insertRequest = `INSERT INTO request (` + requestColumns + `, claimable)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`

func insertValues(r operation.Request) ([]driver.Value, error) {
	token, err := tokenBytes(r.Token)
	if err != nil {
		return nil, err
	}
	return []driver.Value{
		token, scope(r.Account, r.Region), int64(kindOf(r.Status, r.Operation)), r.Revision, r.TypeName, r.TypeVersion, r.Identifier,
		orNull(r.ClientToken), r.InputHash, r.Caller, r.RoleArn, r.BaseRevision,
		blob(r.Input.Desired), blob(r.Input.Previous), blob(r.Input.Model), blob(r.Input.Callback),
		r.ErrorCode, r.Message, blob(r.Model), nanos(r.Accepted), nanos(r.EventTime), nanos(r.Deadline), nanos(r.DueAt),
		int64(r.Attempt), int64(r.Retries), int64(r.Lost), r.Node, nanos(r.LeaseUntil), r.Timeline.AppendJSON(nil), claimable(r),
	}, nil
}

// updateRequest writes what Apply can change, where the revision still stands.
const updateRequest = `UPDATE request SET kind = ?, revision = ?, identifier = ?, desired = ?, previous = ?, progress = ?, callback = ?,
	error_code = ?, message = ?, model = ?, event_time = ?, due_at = ?, attempt = ?, retries = ?, lost = ?, node = ?,
	lease_until = ?, timeline = ?, claimable = ? WHERE token = ? AND revision = ?`

// updateValues are the values of r after a write that finds it at r.Revision.
func updateValues(r operation.Request) ([]driver.Value, error) {
	token, err := tokenBytes(r.Token)
	if err != nil {
		return nil, err
	}
	return []driver.Value{
		int64(kindOf(r.Status, r.Operation)), r.Revision + 1, r.Identifier,
		blob(r.Input.Desired), blob(r.Input.Previous), blob(r.Input.Model), blob(r.Input.Callback),
		r.ErrorCode, r.Message, blob(r.Model), nanos(r.EventTime), nanos(r.DueAt), int64(r.Attempt), int64(r.Retries), int64(r.Lost), r.Node,
		nanos(r.LeaseUntil), r.Timeline.AppendJSON(nil), claimable(r), token, r.Revision,
	}, nil
}

type scanner interface{ Scan(...any) error }

func scanRequest(row scanner) (operation.Request, error) {
	var (
		r                                            operation.Request
		token, timeline                              []byte
		scope                                        string
		kind                                         int
		client                                       *string
		accepted, eventTime, deadline, dueAt, leased int64
	)
	err := row.Scan(&token, &scope, &kind, &r.Revision, &r.TypeName, &r.TypeVersion, &r.Identifier, &client, &r.InputHash, &r.Caller,
		&r.RoleArn, &r.BaseRevision, (*[]byte)(&r.Input.Desired), (*[]byte)(&r.Input.Previous), (*[]byte)(&r.Input.Model), (*[]byte)(&r.Input.Callback),
		&r.ErrorCode, &r.Message, (*[]byte)(&r.Model), &accepted, &eventTime, &deadline, &dueAt,
		&r.Attempt, &r.Retries, &r.Lost, &r.Node, &leased, &timeline)
	if err != nil {
		return r, err
	}
	if len(token) != 16 {
		return r, fmt.Errorf("sqlite: a request token of %d bytes", len(token))
	}
	r.Token = operation.FormatToken([16]byte(token))
	r.Account, r.Region, _ = strings.Cut(scope, "/")
	r.Status, r.Operation = fromKind(kind)
	if client != nil {
		r.ClientToken = *client
	}
	r.Accepted, r.EventTime, r.Deadline = instant(accepted), instant(eventTime), instant(deadline)
	r.DueAt, r.LeaseUntil = instant(dueAt), instant(leased)
	if err := json.Unmarshal(timeline, &r.Timeline); err != nil {
		return r, fmt.Errorf("sqlite: timeline of %s: %w", r.Token, err)
	}
	return r, nil
}

const resourceColumns = `scope, type, identifier, type_version, model, write_only, revision, created, updated, request`

func scanResource(row scanner) (resource.Resource, error) {
	var (
		is               resource.Resource
		scope            string
		created, updated int64
		request          []byte
	)
	err := row.Scan(&scope, &is.TypeName, &is.Identifier, &is.TypeVersion, (*[]byte)(&is.Model), (*[]byte)(&is.WriteOnly),
		&is.Revision, &created, &updated, &request)
	if err != nil {
		return is, err
	}
	if len(request) == 16 {
		is.Request = operation.FormatToken([16]byte(request))
	}
	is.Account, is.Region, _ = strings.Cut(scope, "/")
	is.Created, is.Updated = instant(created), instant(updated)
	return is, nil
}

func claimable(r operation.Request) driver.Value {
	if r.Status.Ended() {
		return nil
	}
	return nanos(r.Claimable())
}

func tokenBytes(token string) ([]byte, error) {
	u, ok := operation.ParseToken(token)
	if !ok {
		return nil, fmt.Errorf("sqlite: %q is no request token", token)
	}
	return u[:], nil
}

func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func instant(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns).UTC()
}

// blob keeps nil and JSON apart: an absent document is NULL.
func blob(b json.RawMessage) driver.Value {
	if b == nil {
		return nil
	}
	return []byte(b)
}

func orNull(s string) driver.Value {
	if s == "" {
		return nil
	}
	return s
}
