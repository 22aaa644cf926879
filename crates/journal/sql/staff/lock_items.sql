UPDATE sale_item SET last_at = last_at WHERE sale_id = $1
