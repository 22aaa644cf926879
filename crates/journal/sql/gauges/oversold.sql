SELECT COUNT(*) AS many FROM sale_item i JOIN sale s ON s.id = i.sale_id
WHERE s.stage IN ('published', 'closed') AND i.allotment <
      (SELECT COALESCE(SUM(h.quantity), 0) FROM hold h
       WHERE h.sale_item_id = i.id AND h.state IN ('held', 'paying', 'allocated'))
