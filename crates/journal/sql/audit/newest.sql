SELECT at, actor_id, action, sale_id, detail FROM audit ORDER BY id DESC LIMIT $1
