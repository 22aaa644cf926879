SELECT id FROM sale_item WHERE sale_id = $1 ORDER BY place
