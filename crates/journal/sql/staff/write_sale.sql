UPDATE sale
SET title = $1, stage = $2, row_version = $3, waiting_room_opens_at = $4, opens_at = $5, closes_at = $6, paused_at = $7
WHERE id = $8
