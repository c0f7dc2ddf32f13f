-- +goose Up

-- Facts about the database that are settled once, such as which key its secrets are sealed with.
CREATE TABLE mark (
	name  text  COLLATE "C" PRIMARY KEY,
	value bytea NOT NULL
);

-- +goose Down
DROP TABLE mark;
