-- +goose Up

-- Facts about the database that are settled once, such as which key its secrets are sealed with.
CREATE TABLE mark (
	name  TEXT PRIMARY KEY,
	value BLOB NOT NULL
) WITHOUT ROWID;

-- +goose Down
DROP TABLE mark;
