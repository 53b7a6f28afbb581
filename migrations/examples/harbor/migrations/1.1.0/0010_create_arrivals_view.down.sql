DROP VIEW arrivals;
