SELECT i.taken - t.paid AS live, t.returned, t.paid
FROM sale_item i,
     (SELECT CAST(COALESCE(SUM(CASE kind WHEN 'paid' THEN units ELSE 0 END), 0) AS BIGINT) AS paid,
             CAST(COALESCE(SUM(CASE kind WHEN 'returned' THEN units ELSE 0 END), 0) AS BIGINT) AS returned
      FROM item_tally WHERE sale_item_id = $1) t
WHERE i.id = $1
