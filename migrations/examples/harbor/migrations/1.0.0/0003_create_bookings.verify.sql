DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_constraint
                   WHERE conrelid = 'booking'::regclass
                     AND conname = 'booking_leaves_after_arriving') THEN
        RAISE EXCEPTION 'booking accepts departures before arrivals';
    END IF;
END
$$;
