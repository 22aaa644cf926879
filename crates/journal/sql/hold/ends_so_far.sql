SELECT CAST(COALESCE(SUM(CASE WHEN state IN ('held', 'paying') THEN quantity ELSE 0 END), 0) AS BIGINT) AS live,
       CAST(COALESCE(SUM(CASE WHEN state IN ('released', 'expired') THEN quantity ELSE 0 END), 0) AS BIGINT) AS returned,
       CAST(COALESCE(SUM(CASE WHEN state = 'allocated' THEN quantity ELSE 0 END), 0) AS BIGINT) AS paid
FROM hold WHERE sale_item_id = $1
