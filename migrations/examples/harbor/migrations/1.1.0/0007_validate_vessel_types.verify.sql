SELECT 1 / count(*) FROM pg_constraint
WHERE conrelid = 'vessel'::regclass AND conname = 'vessel_type_code_fkey' AND convalidated;
