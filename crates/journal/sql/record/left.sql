SELECT (SELECT COUNT(*) FROM claim_queue) AS queue, (SELECT COUNT(*) FROM outbox WHERE done_at IS NULL AND kind <> 'capacity') AS outbox
