SELECT d.name AS product_name, d.image_url, u.email, u.name AS user_name, u.language
FROM sale_item i JOIN product d ON d.id = i.product_id, users u
WHERE i.id = $1 AND u.id = $2
