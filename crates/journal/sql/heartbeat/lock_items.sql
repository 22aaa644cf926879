UPDATE sale_item SET last_at = last_at
WHERE sale_id IN (SELECT id FROM sale WHERE stage IN ('published', 'closed'))
