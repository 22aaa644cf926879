SELECT id, waiting_room_opens_at FROM sale
WHERE stage = 'published' OR (stage = 'closed' AND waiting_room_opens_at <= $1)
ORDER BY waiting_room_opens_at, id LIMIT $2
