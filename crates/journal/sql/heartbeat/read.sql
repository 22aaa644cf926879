SELECT beat_at, shifted_at FROM heartbeat WHERE id = 1
