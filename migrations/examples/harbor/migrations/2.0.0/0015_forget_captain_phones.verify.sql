SELECT 1 / (count(*) = 0)::int FROM pg_attribute
WHERE attrelid = 'booking'::regclass AND attname = 'captain_phone' AND NOT attisdropped;
