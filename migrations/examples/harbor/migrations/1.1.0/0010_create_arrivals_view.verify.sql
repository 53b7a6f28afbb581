SELECT count(*) FROM arrivals;
