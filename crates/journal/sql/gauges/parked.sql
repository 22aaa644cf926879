SELECT COUNT(*) AS many FROM parked
