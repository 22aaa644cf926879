SELECT id, sale_item_id, buyer_id, attempt, quantity, outcome, reason, version, epoch, grant_kind, grant_first, received_at, decided_at
FROM claim ORDER BY id
