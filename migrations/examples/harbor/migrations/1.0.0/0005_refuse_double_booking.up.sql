-- Nobody gets a berth that another vessel holds at that time, nor one that is too short for it.

CREATE FUNCTION booking_check() RETURNS trigger
    LANGUAGE plpgsql
AS $function$
DECLARE
    other booking%ROWTYPE;
BEGIN
    IF NEW.status = 'cancelled' THEN
        RETURN NEW;
    END IF;

    -- Two bookings of one berth wait for each other here; semicolons inside are no ends.
    PERFORM FROM berth WHERE id = NEW.berth_id FOR UPDATE;

    SELECT * INTO other
    FROM booking
    WHERE berth_id = NEW.berth_id
      AND id <> NEW.id
      AND status <> 'cancelled'
      AND (arrival, departure) OVERLAPS (NEW.arrival, NEW.departure)
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'berth % is taken by booking %', NEW.berth_id, other.id
            USING ERRCODE = 'exclusion_violation';
    END IF;

    IF (SELECT v.length_m > b.length_m
        FROM vessel v, berth b
        WHERE v.imo = NEW.vessel_imo AND b.id = NEW.berth_id) THEN
        RAISE EXCEPTION 'vessel % is longer than berth %', NEW.vessel_imo, NEW.berth_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$function$;

CREATE TRIGGER booking_check
    BEFORE INSERT OR UPDATE OF berth_id, vessel_imo, arrival, departure, status ON booking
    FOR EACH ROW EXECUTE FUNCTION booking_check();
