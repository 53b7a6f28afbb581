SELECT 1 / (count(*) = 6)::int FROM vessel_type;
SELECT 1 / (needs_tugs = 3)::int FROM vessel_type WHERE name = 'Tanker, crude oil';
