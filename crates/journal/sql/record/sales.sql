SELECT id, title, stage, row_version, waiting_room_opens_at, opens_at, closes_at, paused_at FROM sale WHERE stage <> 'draft' ORDER BY id
