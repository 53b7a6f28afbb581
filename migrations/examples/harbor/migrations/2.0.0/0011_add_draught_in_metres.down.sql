DROP TRIGGER booking_draught ON booking;
DROP FUNCTION booking_draught();
ALTER TABLE booking DROP COLUMN draught_m;
