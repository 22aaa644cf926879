INSERT INTO sale (id, title, stage, row_version, waiting_room_opens_at, opens_at, closes_at, created_at)
VALUES ($1, $2, $3, 1, $4, $5, $6, $7)
