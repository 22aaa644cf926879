SELECT sale_id FROM sale_item WHERE id = $1
