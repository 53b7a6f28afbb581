-- - up  migration: the mark may be written in many ways
ALTER TABLE ship ADD COLUMN draught numeric(6,2);
COMMENT ON COLUMN ship.draught IS $$in metres;
-- not a mark$$;
  --down migration
ALTER TABLE ship DROP COLUMN draught
