SELECT i.id, i.sale_id, i.price_minor, i.currency, i.purchase_limit, i.hold_s, i.allotment, i.taken, i.standby_limit, i.waiting,
       i.epoch, i.unit_ratified, i.unit_limit, i.unit_drawn, i.place_ratified, i.place_limit, i.place_drawn
FROM sale_item i JOIN sale s ON s.id = i.sale_id WHERE s.stage <> 'draft' ORDER BY i.id
