-- sealift: phase before
--
-- booking is the biggest table, and its draught changes from whole centimetres to metres. Changing
-- the type in place would rewrite the table while everybody waits, so it is done in four
-- migrations, 0011 to 0014. First: a new column that may be empty, and a trigger that fills it for
-- rows which the old application writes.

ALTER TABLE booking ADD COLUMN draught_m numeric(4, 2);

CREATE FUNCTION booking_draught() RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    -- The old application knows centimetres only; the new one gives metres itself.
    IF NEW.draught_m IS NULL
        OR (NEW.draught_cm <> OLD.draught_cm AND NEW.draught_m = OLD.draught_m) THEN
        NEW.draught_m := NEW.draught_cm / 100.0;
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER booking_draught
    BEFORE INSERT OR UPDATE ON booking
    FOR EACH ROW EXECUTE FUNCTION booking_draught();
