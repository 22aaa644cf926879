UPDATE hold SET version = version WHERE claim_id = $1
RETURNING sale_item_id, buyer_id, quantity, state, version, deadline, payment_attempt
