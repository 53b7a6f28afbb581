SELECT 1 / (count(*) >= 5)::int FROM port;
SELECT 1 / (count(*) >= 6)::int FROM berth;
