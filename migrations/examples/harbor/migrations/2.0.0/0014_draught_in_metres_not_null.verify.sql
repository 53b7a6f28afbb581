SELECT 1 / count(*) FROM pg_attribute
WHERE attrelid = 'booking'::regclass AND attname = 'draught_m' AND attnotnull;
