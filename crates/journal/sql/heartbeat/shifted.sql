UPDATE heartbeat SET beat_at = $1, shifted_at = $1 WHERE id = 1
