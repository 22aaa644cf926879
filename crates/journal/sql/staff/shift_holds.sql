UPDATE hold SET deadline = deadline + $1, generation = generation + 1, version = version + 1, changed_at = $2
WHERE state IN ('held', 'paying') AND sale_item_id IN (SELECT id FROM sale_item WHERE sale_id = $3)
