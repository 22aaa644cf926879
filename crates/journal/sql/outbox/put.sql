INSERT INTO outbox (kind, subject_id, body, tries, due_at) VALUES ($1, $2, $3, 0, $4)
ON CONFLICT (kind, subject_id) DO NOTHING
