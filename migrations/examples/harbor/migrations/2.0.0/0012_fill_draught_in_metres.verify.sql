DO $$
DECLARE
    missing bigint;
BEGIN
    SELECT count(*) INTO missing FROM booking WHERE draught_m IS NULL;
    IF missing > 0 THEN
        RAISE EXCEPTION '% bookings have no draught in metres', missing;
    END IF;
END
$$;
