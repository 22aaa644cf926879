SELECT i.id, i.allotment, i.waiting,
       CAST(COALESCE((SELECT SUM(h.quantity) FROM hold h WHERE h.sale_item_id = i.id AND h.state = 'held'), 0) AS BIGINT) AS held,
       CAST(COALESCE((SELECT SUM(h.quantity) FROM hold h WHERE h.sale_item_id = i.id AND h.state = 'paying'), 0) AS BIGINT) AS paying,
       CAST(COALESCE((SELECT SUM(h.quantity) FROM hold h WHERE h.sale_item_id = i.id AND h.state = 'allocated'), 0) AS BIGINT) AS paid
FROM sale_item i
WHERE i.sale_id = $1
ORDER BY i.place
