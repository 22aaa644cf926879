SELECT state AS what, COUNT(*) AS many FROM payment
WHERE state IN ('authorising', 'cancelling', 'in_doubt', 'capture_failed') GROUP BY state
