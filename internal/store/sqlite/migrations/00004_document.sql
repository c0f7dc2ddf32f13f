-- +goose Up

-- What operators and accounts set up: types, their schemas, behaviours. A document without
-- a body is gone; its row tells other nodes of it.
CREATE TABLE document (
	kind     TEXT    NOT NULL,
	name     TEXT    NOT NULL,
	revision INTEGER NOT NULL, -- of a kind, each write has a higher one than those before
	body     BLOB    NOT NULL,
	PRIMARY KEY (kind, name)
);
CREATE UNIQUE INDEX document_revision ON document (kind, revision);

-- +goose Down
DROP TABLE document;
