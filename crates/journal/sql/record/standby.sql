SELECT claim_id, sale_item_id, buyer_id, ticket, quantity, state FROM standby ORDER BY sale_item_id, ticket
