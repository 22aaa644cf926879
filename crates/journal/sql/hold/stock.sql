SELECT (SELECT CAST(COALESCE(SUM(units), 0) AS BIGINT) FROM item_tally WHERE sale_item_id = $1 AND kind = 'paid') AS paid,
       (SELECT MAX(deadline) FROM hold WHERE sale_item_id = $1 AND state IN ('held', 'paying')) AS may_return_by
