SELECT h.sale_item_id, h.buyer_id, s.paused_at, i.price_minor, i.currency
FROM hold h JOIN sale_item i ON i.id = h.sale_item_id JOIN sale s ON s.id = i.sale_id
WHERE h.claim_id = $1
