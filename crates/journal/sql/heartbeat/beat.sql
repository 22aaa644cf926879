UPDATE heartbeat SET beat_at = $1 WHERE id = 1
