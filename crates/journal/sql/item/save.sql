UPDATE sale_item
SET allotment = $1, taken = $2, waiting = $3, next_ticket = $4, stock_version = $5, last_at = $6,
    unit_ratified = $7, unit_limit = $8, unit_drawn = $9, place_ratified = $10, place_limit = $11, place_drawn = $12
WHERE id = $13
