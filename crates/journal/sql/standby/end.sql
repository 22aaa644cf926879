UPDATE standby SET state = $1 WHERE claim_id = $2 AND state = 'waiting'
