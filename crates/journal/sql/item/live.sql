SELECT i.id, i.sale_id, i.price_minor, i.list_price_minor, i.currency, i.purchase_limit, i.hold_s, i.question,
       i.allotment, i.taken, i.standby_limit, i.waiting, i.stock_version, i.epoch,
       i.unit_ratified, i.unit_limit, i.unit_drawn, i.place_ratified, i.place_limit, i.place_drawn,
       p.id AS product_id, p.name, p.description, p.image_url,
       (SELECT CAST(COALESCE(SUM(t.units), 0) AS BIGINT) FROM item_tally t WHERE t.sale_item_id = i.id AND t.kind = 'paid') AS paid,
       (SELECT h.deadline FROM hold h WHERE h.sale_item_id = i.id AND h.state IN ('held', 'paying')
        ORDER BY h.sale_item_id DESC, h.deadline DESC LIMIT 1) AS may_return_by
FROM sale_item i JOIN product p ON p.id = i.product_id JOIN sale s ON s.id = i.sale_id
WHERE s.stage IN ('published', 'closed') ORDER BY i.sale_id, i.place
