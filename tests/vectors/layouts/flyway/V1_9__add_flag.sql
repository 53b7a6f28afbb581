ALTER TABLE ship ADD COLUMN flag char(2); COMMENT ON COLUMN ship.flag IS '${not} ours';
