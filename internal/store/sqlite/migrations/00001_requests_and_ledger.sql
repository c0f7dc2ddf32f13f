-- +goose Up

-- One row is one request: its status, its place in the queue, its lease, its lock on
-- the resource and its client token. What must agree stands in one row.
CREATE TABLE request (
	id           INTEGER PRIMARY KEY,
	token        BLOB    NOT NULL, -- 16 bytes of a UUIDv7: time order is key order
	scope        TEXT    NOT NULL, -- account/region
	kind         INTEGER NOT NULL, -- status and operation, see kind.go: the ranges that lists are merged from
	claimable    INTEGER,          -- when a node may next take it, in nanoseconds since 1970; NULL when the request has ended
	revision     INTEGER NOT NULL,
	type         TEXT    NOT NULL,
	identifier   TEXT    NOT NULL, -- '' while unknown
	client_token TEXT,
	node         TEXT    NOT NULL, -- who holds the lease, '' for nobody
	lease_until  INTEGER NOT NULL,
	body         BLOB    NOT NULL  -- all the rest, see body.go
);
CREATE UNIQUE INDEX request_token ON request (token);
CREATE INDEX request_list ON request (scope, kind, token);
CREATE INDEX request_due ON request (claimable) WHERE claimable IS NOT NULL;
-- One live request per resource, one request per client token: promises of the database.
CREATE UNIQUE INDEX request_lock ON request (scope, type, identifier) WHERE claimable IS NOT NULL AND identifier <> '';
CREATE UNIQUE INDEX request_client_token ON request (scope, client_token) WHERE client_token IS NOT NULL;

-- The ledger: what the last request on a resource left behind.
CREATE TABLE resource (
	scope        TEXT    NOT NULL,
	type         TEXT    NOT NULL,
	identifier   TEXT    NOT NULL,
	type_version TEXT    NOT NULL,
	model        BLOB    NOT NULL,
	write_only   BLOB,
	revision     INTEGER NOT NULL,
	created      INTEGER NOT NULL, -- nanoseconds since 1970
	updated      INTEGER NOT NULL,
	request      BLOB    NOT NULL,
	PRIMARY KEY (scope, type, identifier)
) WITHOUT ROWID;

-- +goose Down
DROP TABLE resource;
DROP TABLE request;
