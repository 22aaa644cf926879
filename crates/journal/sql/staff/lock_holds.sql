UPDATE hold SET version = version
WHERE state IN ('held', 'paying') AND sale_item_id IN (SELECT id FROM sale_item WHERE sale_id = $1)
