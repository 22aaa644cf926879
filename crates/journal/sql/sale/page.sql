SELECT s.id, s.title, s.stage, s.row_version, s.waiting_room_opens_at, s.opens_at, s.closes_at, s.paused_at FROM sale s
WHERE ($1 = '' OR s.stage <> $1)
  AND ($2 = 0 OR s.opens_at < (SELECT a.opens_at FROM sale a WHERE a.id = $3)
       OR (s.opens_at = (SELECT a.opens_at FROM sale a WHERE a.id = $3) AND s.id < $3))
ORDER BY s.opens_at DESC, s.id DESC LIMIT $4
