SELECT id, number, claim_id, sale_item_id, buyer_id, product_name, image_url, quantity, total_minor, currency,
       ship_name, ship_phone, ship_address, mail_to, state, created_at
FROM orders WHERE buyer_id = $1
  AND (created_at < (SELECT created_at FROM orders WHERE id = $2 AND buyer_id = $1)
       OR (created_at = (SELECT created_at FROM orders WHERE id = $2 AND buyer_id = $1) AND id < $2))
ORDER BY created_at DESC, id DESC LIMIT $3
