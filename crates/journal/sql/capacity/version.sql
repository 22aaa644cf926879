SELECT CAST(COALESCE(SUM(row_version), 0) AS BIGINT) AS version FROM sale
