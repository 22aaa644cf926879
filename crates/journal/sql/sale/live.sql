SELECT id, title, stage, row_version, waiting_room_opens_at, opens_at, closes_at, paused_at FROM sale
WHERE stage IN ('published', 'closed') ORDER BY opens_at, id
