UPDATE payment SET state = 'in_doubt', changed_at = $1 WHERE claim_id = $2 AND state IN ('authorising', 'cancelling')
