INSERT INTO claim (id, sale_item_id, buyer_id, attempt, quantity, outcome, reason, version, epoch, grant_kind, grant_first,
                   received_at, decided_at, changed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $9, $10, $11, $12, $13)
