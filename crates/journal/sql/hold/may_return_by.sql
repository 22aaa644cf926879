SELECT MAX(deadline) AS at FROM hold WHERE sale_item_id = $1 AND state IN ('held', 'paying')
