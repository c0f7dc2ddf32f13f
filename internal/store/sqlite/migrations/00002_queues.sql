-- +goose Up

-- Live requests stand in a queue for each scope and type: who takes work is fair to
-- accounts and spares types without reading past what it must not take.
CREATE INDEX request_queue ON request (scope, type, claimable) WHERE claimable IS NOT NULL;
DROP INDEX request_due;

-- +goose Down
CREATE INDEX request_due ON request (claimable) WHERE claimable IS NOT NULL;
DROP INDEX request_queue;
