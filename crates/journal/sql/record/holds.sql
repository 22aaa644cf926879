SELECT claim_id, sale_item_id, buyer_id, quantity, state, version, generation, deadline FROM hold ORDER BY claim_id
