SELECT id, title, stage, row_version, waiting_room_opens_at, opens_at, closes_at, paused_at,
       (SELECT beat_at FROM heartbeat WHERE id = 1) AS beat_at,
       (SELECT CAST(COALESCE(SUM(units), 0) AS BIGINT) FROM item_tally WHERE sale_item_id = $1 AND kind = 'paid') AS paid
FROM sale WHERE id = $2
