SELECT MIN(h.deadline) AS deadline FROM hold h JOIN sale_item i ON i.id = h.sale_item_id JOIN sale s ON s.id = i.sale_id
WHERE s.paused_at IS NULL AND h.state = 'held' AND h.deadline <= $1
