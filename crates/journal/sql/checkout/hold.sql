SELECT sale_item_id, buyer_id, quantity, state, version, deadline, payment_attempt FROM hold WHERE claim_id = $1
