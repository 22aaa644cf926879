SELECT id, number, claim_id, sale_item_id, buyer_id, product_name, image_url, quantity, total_minor, currency,
       ship_name, ship_phone, ship_address, mail_to, state, created_at
FROM orders WHERE buyer_id = $1
ORDER BY created_at DESC, id DESC LIMIT $2
