UPDATE sale_item SET epoch = CASE WHEN epoch > $1 THEN epoch ELSE $1 END + 1 WHERE id = $2
