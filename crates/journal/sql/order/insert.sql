INSERT INTO orders (id, number, claim_id, sale_item_id, buyer_id, product_name, image_url, quantity, total_minor, currency,
                    ship_name, ship_phone, ship_address, mail_to, state, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
ON CONFLICT (number) DO NOTHING
