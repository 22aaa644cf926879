SELECT claim_id, buyer_id, quantity FROM standby WHERE sale_item_id = $1 AND state = 'waiting' ORDER BY ticket LIMIT $2
