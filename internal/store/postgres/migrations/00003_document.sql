-- +goose Up

-- What operators and accounts set up: types, their schemas, behaviours. A document without
-- a body is gone; its row tells other nodes of it.
CREATE TABLE document (
	kind     text   COLLATE "C" NOT NULL,
	name     text   COLLATE "C" NOT NULL,
	revision bigint NOT NULL,
	body     bytea  NOT NULL,
	PRIMARY KEY (kind, name)
);
CREATE UNIQUE INDEX document_revision ON document (kind, revision);

-- The revision given last. Who writes documents takes its row first, so that whoever has
-- seen a revision has seen all below it.
CREATE TABLE document_revision_given (
	one      boolean PRIMARY KEY DEFAULT true CHECK (one),
	revision bigint  NOT NULL
);
INSERT INTO document_revision_given (revision) VALUES (0);

-- +goose Down
DROP TABLE document_revision_given;
DROP TABLE document;
