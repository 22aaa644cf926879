SELECT id, claim_id, sale_item_id, buyer_id, quantity, total_minor, currency, mail_to, state, created_at FROM orders ORDER BY id
