SELECT at, actor_id, action, sale_id, detail FROM audit WHERE sale_id = $1 ORDER BY id DESC LIMIT $2
