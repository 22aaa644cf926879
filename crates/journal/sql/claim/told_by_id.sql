SELECT * FROM claim_told WHERE claim_id = $1
