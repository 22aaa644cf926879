INSERT INTO standby (claim_id, sale_item_id, buyer_id, ticket, quantity, state) VALUES ($1, $2, $3, $4, $5, 'waiting')
