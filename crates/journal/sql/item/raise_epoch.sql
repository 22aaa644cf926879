UPDATE sale_item SET epoch = CASE WHEN epoch > $1 THEN epoch ELSE $1 END + 1 WHERE id = $2
RETURNING epoch, unit_ratified, unit_limit, unit_drawn, place_ratified, place_limit, place_drawn
