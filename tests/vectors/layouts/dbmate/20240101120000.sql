-- migrate:up
ALTER TABLE ship ADD COLUMN "draught;m" numeric(6,2)
-- migrate:down
