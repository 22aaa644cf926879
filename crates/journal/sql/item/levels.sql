SELECT epoch, unit_ratified, unit_limit, unit_drawn, place_ratified, place_limit, place_drawn FROM sale_item WHERE id = $1
