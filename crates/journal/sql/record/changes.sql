SELECT seq, at, sale_item_id, claim_id, what, quantity, taken, waiting, deadline FROM change_log ORDER BY seq
