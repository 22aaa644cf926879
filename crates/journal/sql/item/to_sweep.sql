SELECT h.sale_item_id AS id FROM hold h JOIN sale_item i ON i.id = h.sale_item_id JOIN sale s ON s.id = i.sale_id
WHERE s.paused_at IS NULL AND ((h.state = 'held' AND h.deadline <= $1) OR (h.state = 'paying' AND h.deadline <= $2))
UNION
SELECT i.id FROM sale_item i JOIN sale s ON s.id = i.sale_id
WHERE i.waiting > 0 AND s.stage <> 'draft'
  AND (i.taken < i.allotment OR s.stage IN ('closed', 'reconciled') OR (s.paused_at IS NULL AND s.closes_at <= $3)
       OR (SELECT COALESCE(SUM(t.units), 0) FROM item_tally t WHERE t.sale_item_id = i.id AND t.kind = 'paid') >= i.allotment)
