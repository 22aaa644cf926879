UPDATE sale SET stage = 'reconciled', row_version = row_version + 1
WHERE id = $1 AND (stage = 'closed' OR (stage = 'published' AND paused_at IS NULL AND closes_at <= $2))
  AND NOT EXISTS (SELECT 1 FROM sale_item i WHERE i.sale_id = sale.id AND i.waiting > 0)
  AND NOT EXISTS (
      SELECT 1 FROM sale_item i JOIN hold h ON h.sale_item_id = i.id
      WHERE i.sale_id = sale.id AND h.state IN ('held', 'paying'))
  AND NOT EXISTS (
      SELECT 1 FROM payment p JOIN hold h ON h.claim_id = p.claim_id JOIN sale_item i ON i.id = h.sale_item_id
      WHERE i.sale_id = sale.id AND p.state IN ('authorising', 'in_doubt'))
