-- sealift: phase before
-- sealift: lock-timeout 2s
--
-- Fourth: the author's own BEGIN and COMMIT make two transactions. The first reads the whole table
-- while others write; the second then sets NOT NULL without reading it, thanks to the check.

BEGIN;
ALTER TABLE booking VALIDATE CONSTRAINT booking_draught_m_is_known;
COMMIT;

BEGIN;
ALTER TABLE booking ALTER COLUMN draught_m SET NOT NULL;
ALTER TABLE booking DROP CONSTRAINT booking_draught_m_is_known;
COMMIT;
