INSERT INTO change_log (at, sale_item_id, claim_id, what, quantity, taken, waiting, deadline)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
