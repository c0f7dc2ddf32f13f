-- +goose Up

-- What a create began and has not finished: it may be there, whole or in part.
ALTER TABLE resource ADD COLUMN unfinished INTEGER NOT NULL DEFAULT 0;
CREATE INDEX resource_unfinished ON resource (scope, type, identifier) WHERE unfinished;

-- +goose Down
DROP INDEX resource_unfinished;
ALTER TABLE resource DROP COLUMN unfinished;
