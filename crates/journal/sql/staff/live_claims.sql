SELECT COUNT(*) AS decided,
       CAST(COALESCE(SUM(CASE WHEN c.outcome = 'refused' THEN 1 ELSE 0 END), 0) AS BIGINT) AS refused
FROM claim c JOIN sale_item i ON i.id = c.sale_item_id
WHERE i.sale_id = $1
