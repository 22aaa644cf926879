-- When the last live hold of an item is over.
CREATE INDEX hold_live ON hold (sale_item_id, deadline) WHERE state IN ('held', 'paying');
