INSERT INTO heartbeat (id, beat_at, shifted_at) VALUES (1, $1, 0) ON CONFLICT (id) DO NOTHING
