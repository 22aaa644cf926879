SELECT id, number, claim_id, sale_item_id, buyer_id, product_name, image_url, quantity, total_minor, currency,
       ship_name, ship_phone, ship_address, mail_to, state, created_at
FROM orders WHERE id = $1 AND buyer_id = $2
