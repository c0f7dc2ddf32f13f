-- +goose Up

-- Two nodes may run a migration at once: the one that comes second must fail, and does
-- because each migration makes, renames or drops something. It then looks again.

-- The requests that have not ended. One row is one request: its status, its place in the
-- queue, its lease, its lock on the resource and its client token.
CREATE TABLE live (
	token        uuid     NOT NULL, -- a UUIDv7: time order is key order
	scope        text     COLLATE "C" NOT NULL, -- account/region: part of every key, so that it can distribute the tables
	kind         smallint NOT NULL, -- status and operation, see package row
	revision     bigint   NOT NULL,
	type         text     COLLATE "C" NOT NULL,
	identifier   text     COLLATE "C" NOT NULL, -- '' while unknown
	lock         uuid,              -- a digest of type and identifier, which may be longer than an index takes; NULL while unknown
	client_token text     COLLATE "C",
	node         text     COLLATE "C" NOT NULL, -- who holds the lease, '' for nobody
	claimable    bigint   NOT NULL, -- when a node may next take it, in nanoseconds since 1970: the end of the lease, where there is one
	body         bytea    NOT NULL, -- all the rest, see package row
	PRIMARY KEY (scope, token)
) WITH (
	-- Every row comes and goes within seconds: vacuum often, by number and not by share.
	autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_cost_delay = 0,
	autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 100000, vacuum_truncate = false
);
-- One live request per resource and per client token: promises of the database.
CREATE UNIQUE INDEX live_lock ON live (scope, lock) WHERE lock IS NOT NULL;
CREATE UNIQUE INDEX live_client_token ON live (scope, client_token) WHERE client_token IS NOT NULL;
CREATE INDEX live_queue ON live (scope, type, claimable);

-- The requests that have ended, in slices of time: to expire is to drop a slice. What
-- no slice covers goes to the last one.
CREATE TABLE done (
	token        uuid     NOT NULL,
	scope        text     COLLATE "C" NOT NULL,
	kind         smallint NOT NULL,
	revision     bigint   NOT NULL,
	type         text     COLLATE "C" NOT NULL,
	identifier   text     COLLATE "C" NOT NULL,
	client_token text     COLLATE "C",
	body         bytea    NOT NULL,
	PRIMARY KEY (scope, token)
) PARTITION BY RANGE (token);
CREATE INDEX done_list ON done (scope, kind, token);
CREATE INDEX done_client_token ON done (scope, client_token) WHERE client_token IS NOT NULL;
CREATE TABLE done_default PARTITION OF done DEFAULT;

-- The ledger: what the last request on a resource left behind.
CREATE TABLE resource (
	scope        text   COLLATE "C" NOT NULL,
	type         text   COLLATE "C" NOT NULL,
	name         text   COLLATE "C" NOT NULL, -- the identifier; of a very long one the beginning and a digest
	identifier   text   COLLATE "C",          -- of a very long one all of it
	type_version text   NOT NULL,
	model        bytea  NOT NULL,
	write_only   bytea,
	revision     bigint NOT NULL,
	created      bigint NOT NULL, -- nanoseconds since 1970
	updated      bigint NOT NULL,
	request      uuid   NOT NULL,
	PRIMARY KEY (scope, type, name)
) WITH (fillfactor = 90);

-- The nodes that want to be told what others write.
CREATE TABLE node (
	id   text        PRIMARY KEY,
	seen timestamptz NOT NULL
);

-- +goose Down
DROP TABLE node;
DROP TABLE resource;
DROP TABLE done;
DROP TABLE live;
