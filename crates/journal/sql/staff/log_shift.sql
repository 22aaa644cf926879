INSERT INTO change_log (at, sale_item_id, claim_id, what, quantity, deadline)
SELECT $1, h.sale_item_id, h.claim_id, 'shifted', h.quantity, h.deadline
FROM hold h JOIN sale_item i ON i.id = h.sale_item_id
WHERE i.sale_id = $2 AND h.state IN ('held', 'paying')
