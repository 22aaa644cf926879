SELECT COUNT(*) AS people, CAST(COALESCE(SUM(quantity), 0) AS BIGINT) AS units
FROM standby WHERE sale_item_id = $1 AND state = 'waiting' AND ticket < $2
