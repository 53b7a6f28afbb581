ALTER TABLE booking ALTER COLUMN draught_m DROP NOT NULL;
ALTER TABLE booking
    ADD CONSTRAINT booking_draught_m_is_known CHECK (draught_m IS NOT NULL) NOT VALID;
