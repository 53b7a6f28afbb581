DROP TABLE booking;
DROP TYPE booking_status;
