UPDATE hold SET deadline = deadline + $1, generation = generation + 1, version = version + 1, changed_at = $2
WHERE state IN ('held', 'paying')
  AND sale_item_id IN (SELECT i.id FROM sale_item i JOIN sale s ON s.id = i.sale_id WHERE s.paused_at IS NULL)
