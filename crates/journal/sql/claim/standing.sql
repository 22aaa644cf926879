SELECT CAST(COALESCE(SUM(CASE WHEN o.state = 'refunded' THEN 0
                              WHEN h.state IN ('held', 'paying', 'allocated') OR s.state = 'waiting' THEN c.quantity
                              ELSE 0 END), 0) AS BIGINT) AS units,
       CAST(COALESCE(SUM(CASE WHEN h.state IN ('held', 'paying') OR s.state = 'waiting' THEN 1 ELSE 0 END), 0) AS BIGINT) AS live,
       CAST(COALESCE(SUM(CASE WHEN c.attempt < $1 AND COALESCE(h.state, '') NOT IN ('held', 'paying')
                                   AND COALESCE(s.state, '') <> 'waiting' THEN 1 ELSE 0 END), 0) AS BIGINT) AS lower_ended
FROM claim c
LEFT JOIN hold h ON h.claim_id = c.id
LEFT JOIN standby s ON s.claim_id = c.id
LEFT JOIN orders o ON o.claim_id = c.id
WHERE c.sale_item_id = $2 AND c.buyer_id = $3
