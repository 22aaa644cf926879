UPDATE sale SET row_version = row_version WHERE id = $1
RETURNING id, title, stage, row_version, waiting_room_opens_at, opens_at, closes_at, paused_at
