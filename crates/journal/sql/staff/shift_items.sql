UPDATE sale_item SET stock_version = stock_version + 1 WHERE sale_id = $1
