SELECT 1 / count(*) FROM pg_trigger
WHERE tgrelid = 'booking'::regclass AND tgname = 'booking_check' AND tgenabled = 'O';
