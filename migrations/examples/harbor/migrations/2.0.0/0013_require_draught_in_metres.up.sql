-- sealift: phase before
--
-- Third: from now on no row without it. NOT VALID looks at no row that is there already.

ALTER TABLE booking
    ADD CONSTRAINT booking_draught_m_is_known CHECK (draught_m IS NOT NULL) NOT VALID;
