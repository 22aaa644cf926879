SELECT id FROM sale s
WHERE (s.stage = 'closed' OR (s.stage = 'published' AND s.paused_at IS NULL AND s.closes_at <= $1))
  AND NOT EXISTS (SELECT 1 FROM sale_item i WHERE i.sale_id = s.id AND i.waiting > 0)
  AND NOT EXISTS (
      SELECT 1 FROM sale_item i JOIN hold h ON h.sale_item_id = i.id
      WHERE i.sale_id = s.id AND h.state IN ('held', 'paying'))
  AND NOT EXISTS (
      SELECT 1 FROM payment p JOIN hold h ON h.claim_id = p.claim_id JOIN sale_item i ON i.id = h.sale_item_id
      WHERE i.sale_id = s.id AND p.state IN ('authorising', 'in_doubt'))
ORDER BY id LIMIT $2
