SELECT line.claim_id, line.people, line.units
FROM (SELECT claim_id, COUNT(*) OVER ahead AS people, CAST(COALESCE(SUM(quantity) OVER ahead, 0) AS BIGINT) AS units
      FROM standby WHERE sale_item_id = $1 AND state = 'waiting'
      WINDOW ahead AS (ORDER BY ticket ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) line
WHERE line.claim_id IN ($2)
