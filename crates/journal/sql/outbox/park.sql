INSERT INTO parked (source, body, why, at) SELECT 'outbox ' || kind, body, $1, $2 FROM outbox WHERE id = $3 AND done_at IS NULL
