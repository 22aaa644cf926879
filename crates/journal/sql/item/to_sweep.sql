SELECT i.id FROM sale_item i JOIN sale s ON s.id = i.sale_id
WHERE s.paused_at IS NULL AND s.stage IN ('published', 'closed')
  AND (SELECT h.deadline FROM hold h WHERE h.sale_item_id = i.id AND h.state IN ('held', 'paying')
       AND h.deadline <= $1 AND (h.state = 'held' OR h.deadline <= $2)
       ORDER BY h.sale_item_id, h.deadline LIMIT 1) IS NOT NULL
UNION
SELECT i.id FROM sale_item i JOIN sale s ON s.id = i.sale_id
WHERE i.waiting > 0 AND s.stage <> 'draft'
  AND (i.taken < i.allotment OR s.stage IN ('closed', 'reconciled') OR (s.paused_at IS NULL AND s.closes_at <= $3)
       OR (SELECT COALESCE(SUM(t.units), 0) FROM item_tally t WHERE t.sale_item_id = i.id AND t.kind = 'paid') >= i.allotment)
