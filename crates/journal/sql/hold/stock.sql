SELECT CAST(COALESCE(SUM(CASE WHEN state = 'allocated' THEN quantity ELSE 0 END), 0) AS BIGINT) AS paid,
       MAX(CASE WHEN state IN ('held', 'paying') THEN deadline END) AS may_return_by
FROM hold WHERE sale_item_id = $1 AND state IN ('held', 'paying', 'allocated')
