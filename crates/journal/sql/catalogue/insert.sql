INSERT INTO product (id, name, description, image_url, created_at) VALUES ($1, $2, $3, $4, $5)
