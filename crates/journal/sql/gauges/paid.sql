SELECT CAST(COALESCE(SUM(h.quantity), 0) AS BIGINT) AS paid
FROM hold h JOIN sale_item i ON i.id = h.sale_item_id JOIN sale s ON s.id = i.sale_id
WHERE s.stage = 'published' AND h.state = 'allocated'
