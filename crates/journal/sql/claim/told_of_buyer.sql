SELECT t.* FROM claim_told t JOIN claim c ON c.id = t.claim_id
WHERE c.buyer_id = $1 ORDER BY c.decided_at DESC, c.attempt DESC LIMIT $2
