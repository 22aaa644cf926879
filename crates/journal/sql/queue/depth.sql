SELECT COUNT(*) AS messages, CAST(COALESCE(SUM(commands), 0) AS BIGINT) AS commands FROM claim_queue
