UPDATE heartbeat SET beat_at = beat_at WHERE id = 1 RETURNING beat_at
