-- no-transaction
-- When the last live hold of an item is over.
CREATE INDEX CONCURRENTLY IF NOT EXISTS hold_live ON hold (sale_item_id, deadline) WHERE state IN ('held', 'paying');
