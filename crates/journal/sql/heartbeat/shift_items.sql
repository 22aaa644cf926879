UPDATE sale_item SET stock_version = stock_version + 1
WHERE id IN (SELECT h.sale_item_id FROM hold h JOIN sale_item i ON i.id = h.sale_item_id JOIN sale s ON s.id = i.sale_id
             WHERE h.state IN ('held', 'paying') AND s.paused_at IS NULL)
