SELECT id, name, description, image_url FROM product WHERE id = $1
