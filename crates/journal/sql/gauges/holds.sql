SELECT state AS what, COUNT(*) AS many FROM hold WHERE state IN ('held', 'paying') GROUP BY state
