SELECT CAST(COALESCE(SUM(units), 0) AS BIGINT) AS paid FROM item_tally WHERE sale_item_id = $1 AND kind = 'paid'
