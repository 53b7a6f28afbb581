-- Built while the product writes. CREATE INDEX CONCURRENTLY cannot run in a transaction, so it
-- becomes a step of its own; the statements before and behind it keep theirs.

COMMENT ON TABLE booking IS 'One row for each stay of a vessel at a berth';

CREATE INDEX CONCURRENTLY booking_vessel ON booking (vessel_imo, arrival);

COMMENT ON INDEX booking_vessel IS 'For the history of a vessel';

CREATE INDEX CONCURRENTLY booking_open ON booking (arrival)
    WHERE status IN ('requested', 'confirmed');
