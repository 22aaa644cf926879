SELECT t.* FROM claim_told t WHERE t.buyer_id = $1 AND t.sale_item_id = $2 ORDER BY t.attempt DESC LIMIT $3
