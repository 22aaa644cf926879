SELECT p.id, p.name, p.description, p.image_url
FROM product p
WHERE p.id < $1
  AND ($2 = 1 OR EXISTS (
      SELECT 1 FROM sale_item i JOIN sale s ON s.id = i.sale_id WHERE i.product_id = p.id AND s.stage <> $3
  ))
ORDER BY p.id DESC
LIMIT $4
