SELECT 1 / (count(*) = 2)::int FROM pg_index
WHERE indexrelid IN ('booking_vessel'::regclass, 'booking_open'::regclass) AND indisvalid;
