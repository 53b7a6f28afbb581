-- Division by zero where a table is missing.
SELECT 1 / (to_regclass('port') IS NOT NULL)::int;
SELECT 1 / (to_regclass('berth') IS NOT NULL)::int;
