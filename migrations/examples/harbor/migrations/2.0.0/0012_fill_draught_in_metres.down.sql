-- The trigger of 0011 would fill the column again at once.
ALTER TABLE booking DISABLE TRIGGER booking_draught;
UPDATE booking SET draught_m = NULL WHERE draught_m IS NOT NULL;
ALTER TABLE booking ENABLE TRIGGER booking_draught;
