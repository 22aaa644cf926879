SELECT CAST(COALESCE(SUM(quantity), 0) AS BIGINT) AS paid FROM hold WHERE sale_item_id = $1 AND state = 'allocated'
