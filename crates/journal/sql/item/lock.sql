UPDATE sale_item SET last_at = last_at WHERE id = $1
RETURNING sale_id, allotment, taken, standby_limit, waiting, next_ticket, stock_version, last_at, purchase_limit, hold_s, epoch,
          unit_ratified, unit_limit, unit_drawn, place_ratified, place_limit, place_drawn
