ALTER TABLE booking DROP CONSTRAINT booking_draught_m_is_known;
