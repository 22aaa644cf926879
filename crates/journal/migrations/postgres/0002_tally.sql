-- Units of an item whose hold is over, counted where they end: nobody who decides a claim has to add up every hold there was.
CREATE TABLE item_tally (
    sale_item_id UUID   NOT NULL REFERENCES sale_item (id),
    kind         TEXT   NOT NULL CHECK (kind IN ('paid', 'returned')),
    -- Payments of one item at the same time need not wait for each other.
    slot         BIGINT NOT NULL,
    units        BIGINT NOT NULL,
    PRIMARY KEY (sale_item_id, kind, slot)
) WITH (fillfactor = 50);

-- A trigger, so that programs of the release before this one count too. A hold that is over is never revived.
CREATE FUNCTION tally_hold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO item_tally (sale_item_id, kind, slot, units)
    VALUES (NEW.sale_item_id, CASE NEW.state WHEN 'allocated' THEN 'paid' ELSE 'returned' END,
            get_byte(uuid_send(NEW.claim_id), 15) % 16, NEW.quantity)
    ON CONFLICT (sale_item_id, kind, slot) DO UPDATE SET units = item_tally.units + EXCLUDED.units;
    RETURN NULL;
END $$;

-- It locks out whoever would end a hold between the two.
CREATE TRIGGER hold_ended AFTER UPDATE OF state ON hold FOR EACH ROW
    WHEN (OLD.state IN ('held', 'paying') AND NEW.state NOT IN ('held', 'paying')) EXECUTE FUNCTION tally_hold();

INSERT INTO item_tally (sale_item_id, kind, slot, units)
SELECT sale_item_id, CASE state WHEN 'allocated' THEN 'paid' ELSE 'returned' END, 0, SUM(quantity)
FROM hold WHERE state NOT IN ('held', 'paying')
GROUP BY 1, 2;
