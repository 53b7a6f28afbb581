DROP TRIGGER booking_check ON booking;
DROP FUNCTION booking_check();
