INSERT INTO audit (at, actor_id, action, sale_id, detail) VALUES ($1, $2, $3, $4, $5)
