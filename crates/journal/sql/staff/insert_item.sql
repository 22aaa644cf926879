INSERT INTO sale_item (
    id, sale_id, place, product_id, price_minor, list_price_minor, currency, purchase_limit, hold_s, question,
    allotment, taken, standby_limit, waiting, next_ticket, stock_version, last_at,
    epoch, unit_ratified, unit_limit, unit_drawn, place_ratified, place_limit, place_drawn
)
VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10,
    $11, 0, $12, 0, 1, 1, $13,
    1, 0, $11, 0, 0, $12, 0
)
