SELECT t.* FROM claim_told t
WHERE t.claim_id IN (SELECT c.id FROM claim c WHERE c.changed_at >= $1 UNION SELECT h.claim_id FROM hold h WHERE h.changed_at >= $1)
LIMIT $2
