SELECT beat_at FROM heartbeat WHERE id = 1
