SELECT CAST(COALESCE(SUM(i.allotment), 0) AS BIGINT) AS allotted, CAST(COALESCE(SUM(i.taken), 0) AS BIGINT) AS taken,
       CAST(COALESCE(SUM(i.waiting), 0) AS BIGINT) AS waiting
FROM sale_item i JOIN sale s ON s.id = i.sale_id WHERE s.stage = 'published'
