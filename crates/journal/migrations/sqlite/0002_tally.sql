-- Units of an item whose hold is over, counted where they end: nobody who decides a claim has to add up every hold there was.
CREATE TABLE item_tally (
    sale_item_id BLOB   NOT NULL REFERENCES sale_item (id),
    kind         TEXT   NOT NULL CHECK (kind IN ('paid', 'returned')),
    -- PostgreSQL spreads the units over some, so that payments do not wait for each other; there is one writer here.
    slot         BIGINT NOT NULL,
    units        BIGINT NOT NULL,
    PRIMARY KEY (sale_item_id, kind, slot)
) WITHOUT ROWID;

-- A hold that is over is never revived.
CREATE TRIGGER hold_ended AFTER UPDATE OF state ON hold
    WHEN OLD.state IN ('held', 'paying') AND NEW.state NOT IN ('held', 'paying')
BEGIN
    INSERT INTO item_tally (sale_item_id, kind, slot, units)
    VALUES (NEW.sale_item_id, CASE NEW.state WHEN 'allocated' THEN 'paid' ELSE 'returned' END, 0, NEW.quantity)
    ON CONFLICT (sale_item_id, kind, slot) DO UPDATE SET units = units + excluded.units;
END;

INSERT INTO item_tally (sale_item_id, kind, slot, units)
SELECT sale_item_id, CASE state WHEN 'allocated' THEN 'paid' ELSE 'returned' END, 0, SUM(quantity)
FROM hold WHERE state NOT IN ('held', 'paying')
GROUP BY 1, 2;
