SELECT (SELECT CAST(COALESCE(SUM(units), 0) AS BIGINT) FROM item_tally WHERE sale_item_id = $1 AND kind = 'paid') AS paid,
       (SELECT deadline FROM hold WHERE sale_item_id = $1 AND state IN ('held', 'paying')
        ORDER BY sale_item_id DESC, deadline DESC LIMIT 1) AS may_return_by
